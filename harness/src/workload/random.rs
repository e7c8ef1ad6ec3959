//! Small, fast, seeded randomness (SplitMix64): the same on every machine and in every version.

/// A stream of pseudo-random numbers.
#[derive(Clone, Debug)]
pub struct Random(u64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// A stream that depends on all of the numbers: seed first, then what the stream is for.
    pub fn of(numbers: &[u64]) -> Self {
        Self(numbers.iter().fold(0, |state, number| mix(state.wrapping_add(GOLDEN) ^ mix(number.wrapping_add(GOLDEN)))))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number below `bound`, which must not be 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// True `percent` times in a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// An element of `items`, which must not be empty.
    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len() as u64) as usize]
    }

    /// This many random bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        std::iter::repeat_with(|| self.bits().to_le_bytes()).flatten().take(length).collect()
    }
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_the_same_for_the_same_numbers_and_else_not() {
        let first = |numbers: &[u64]| Random::of(numbers).bits();
        assert_eq!(first(&[1, 2, 3]), first(&[1, 2, 3]));
        let others = [&[1, 2][..], &[2, 1, 3], &[1, 2, 4], &[1, 2, 3, 0]];
        assert!(others.iter().all(|numbers| first(numbers) != first(&[1, 2, 3])));
        let mut random = Random::of(&[7]);
        assert!((0..1000).all(|_| random.below(10) < 10));
        assert_eq!(random.bytes(11).len(), 11);
    }
}
