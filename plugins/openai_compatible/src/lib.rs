//! The openai_compatible provider.
