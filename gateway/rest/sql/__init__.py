"""Statement texts. The only place of the room where SQL is written; values are always parameters."""
