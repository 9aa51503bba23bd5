"""From written English to phonemes: normalisation, sentences, symbols, pronunciations."""
