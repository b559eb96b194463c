"""Sentences for the voice: spoken sooner, and never with a number cut in half."""

from antiphon.processors.sentences.aggregator import SentenceAggregator, SentenceTextAggregator
from antiphon.processors.sentences.scanner import SentenceScanner
from antiphon.processors.sentences.settings import SentenceSettings

__all__ = [
    "SentenceAggregator",
    "SentenceScanner",
    "SentenceSettings",
    "SentenceTextAggregator",
]
