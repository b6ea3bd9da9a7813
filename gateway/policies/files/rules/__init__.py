"""What tables, functions and defaults say: documents to rules."""
