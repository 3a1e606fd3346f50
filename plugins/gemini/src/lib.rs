//! The gemini provider.
