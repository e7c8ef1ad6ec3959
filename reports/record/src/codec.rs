//! Variable-length integers, shared by the ledger and the rows files.

/// Appends `value` in LEB128: seven bits a byte, least first.
pub fn put_varint(out: &mut Vec<u8>, mut value: u128) {
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Takes one LEB128 integer off the front; `None` if it is cut off or wider than 128 bits.
pub fn take_varint(input: &mut &[u8]) -> Option<u128> {
    // Nearly every integer is done here: 64 bits are shifted in one step, 128 are not.
    let mut low = 0_u64;
    for shift in (0..63).step_by(7) {
        let (&byte, rest) = input.split_first()?;
        *input = rest;
        low |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(low.into());
        }
    }
    let mut value = u128::from(low);
    for shift in (63..=126).step_by(7) {
        let (&byte, rest) = input.split_first()?;
        *input = rest;
        let bits = u128::from(byte & 0x7f);
        if shift == 126 && bits > 3 {
            return None;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Takes one LEB128 integer that must fit 64 bits.
pub fn take_u64(input: &mut &[u8]) -> Option<u64> {
    u64::try_from(take_varint(input)?).ok()
}

/// The digest of a row: XXH3 (64 bits) over its bytes in the engine's binary wire format.
pub fn row_digest(row: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn integers_come_back_and_a_cut_is_noticed(value in any::<u128>(), small in any::<u8>()) {
            for value in [value, u128::from(small), u128::MAX, 0] {
                let mut bytes = Vec::new();
                put_varint(&mut bytes, value);
                prop_assert_eq!(take_varint(&mut bytes.as_slice()), Some(value));
                prop_assert_eq!(take_varint(&mut &bytes[..bytes.len() - 1]), None);
            }
        }
    }
}
