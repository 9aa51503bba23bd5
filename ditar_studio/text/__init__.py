"""Written English to phonemes: normalisation, sentences, symbols, pronunciations."""
