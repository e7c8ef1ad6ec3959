//! Damage to a file, told by one number: what a kill, a bad disk or a wrong tool makes of it. For bounded runs.

/// Mixes bits well enough for damage.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % sides.max(1) as u64) as usize
    }
}

/// What numbers in text become: the ones that arithmetic fears.
const NUMBERS: [&str; 6] = ["0", "18446744073709551615", "9223372036854775808", "4294967296", "-1", "1e400"];

/// A copy of `original` with one to three damages.
pub fn mutated(seed: u64, original: &[u8]) -> Vec<u8> {
    let dice = &mut Dice(seed);
    let mut bytes = original.to_vec();
    for _ in 0..1 + dice.roll(3) {
        damage(dice, &mut bytes);
    }
    bytes
}

fn damage(dice: &mut Dice, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        bytes.push(dice.roll(256) as u8);
        return;
    }
    let (at, other) = (dice.roll(bytes.len()), dice.roll(bytes.len()));
    let range = at.min(other)..at.max(other).min(at.min(other) + 1 + dice.roll(200));
    match dice.roll(8) {
        0 => bytes.truncate(at),
        1 => bytes[at] ^= 1 << dice.roll(8),
        2 => bytes[at] = dice.roll(256) as u8,
        3 => drop(bytes.drain(range)),
        4 => {
            let again = bytes[range].to_vec();
            drop(bytes.splice(at..at, again));
        }
        5 => bytes.swap(at, other),
        6 => drop(bytes.splice(at..at, [dice.roll(256) as u8; 3])),
        _ => replace_number(dice, bytes, at),
    }
}

/// Replaces the digits around the next one after `at`.
fn replace_number(dice: &mut Dice, bytes: &mut Vec<u8>, at: usize) {
    let Some(digit) = bytes[at..].iter().position(u8::is_ascii_digit).map(|offset| at + offset) else { return };
    let from = bytes[..digit].iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |before| before + 1);
    let to = bytes[digit..].iter().position(|byte| !byte.is_ascii_digit()).map_or(bytes.len(), |after| digit + after);
    drop(bytes.splice(from..to, NUMBERS[dice.roll(NUMBERS.len())].bytes()));
}
