//! Uploads as base64, for services that want them in a document. In a native build (tests) a file's
//! bytes are its number, over and over.

use sluice_sdk::{Error, File, fault};

use crate::base64::encoded;

/// What is read at once: a multiple of three, so that the pieces' base64 can be joined.
const PIECE_BYTES: u32 = 3 << 18;

/// A larger one would not fit into memory beside its base64 and the request.
const MAX_BYTES: u64 = 10 << 20;

/// The whole of it.
pub fn base64(file: &File) -> Result<String, Error> {
    if file.size > MAX_BYTES {
        return Err(fault::invalid_request(format!(
            "`{}` has {} bytes: it may have {MAX_BYTES}",
            file.field, file.size
        )));
    }
    let mut text = String::with_capacity(usize::try_from(file.size).unwrap_or(0).div_ceil(3) * 4);
    let mut piece = Vec::new();
    let mut at = 0;
    while at < file.size {
        let more = read(file, at, PIECE_BYTES)?;
        if more.is_empty() {
            return Err(fault::internal("an upload ended early"));
        }
        at = at.saturating_add(more.len() as u64);
        piece.extend(more);
        let whole = piece.len() - piece.len() % 3;
        text.push_str(&encoded(piece.drain(..whole).as_slice()));
    }
    text.push_str(&encoded(&piece));
    Ok(text)
}

fn read(file: &File, offset: u64, len: u32) -> Result<Vec<u8>, Error> {
    #[cfg(target_arch = "wasm32")]
    return sluice_sdk::bindings::sluice::plugin::files::read(file.id, offset, len);
    #[cfg(not(target_arch = "wasm32"))]
    {
        let left = file.size.saturating_sub(offset).min(u64::from(len));
        // Short reads are allowed, so some are short.
        Ok(vec![file.id as u8; left.min(1000) as usize])
    }
}
