//! Any bytes as frames whose checksums hold, so that what lies behind the checksums is reached as well.

use blackstart_record::codec::row_digest;

/// `magic`, and the pieces of `data` as frames; each piece is told by the byte before it: its length in eights.
pub fn framed(magic: &[u8], mut data: &[u8]) -> Vec<u8> {
    let mut bytes = magic.to_vec();
    while let Some((length, rest)) = data.split_first() {
        let (payload, rest) = rest.split_at((usize::from(*length) * 8).min(rest.len()));
        bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(row_digest(payload) as u32).to_le_bytes());
        bytes.extend_from_slice(payload);
        data = rest;
    }
    bytes
}
