//! Views of the canonical chat documents that keep every member they do not know.
