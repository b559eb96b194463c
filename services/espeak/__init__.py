"""eSpeak NG speech synthesis: no key, no network, word timings from the engine itself."""
