//! Tracking numbers: `BRK`, the branch in two digits, the shipment's id in thirteen, two check digits.

/// The tracking number of a shipment. The check digits are those of ISO 7064, MOD 97-10: all seventeen digits are a
/// number that leaves 1 when divided by 97. So one wrong digit, or two that changed places, are found.
pub fn number(branch: u64, shipment: u64) -> String {
    let check = 98 - (branch * 10_000_000_000_000 + shipment) * 100 % 97;
    format!("BRK{branch:02}{shipment:013}{check:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the rule of the domain asks it.
    fn holds(number: &str) -> bool {
        let digits = number.strip_prefix("BRK").filter(|digits| digits.len() == 17);
        digits.and_then(|digits| digits.parse::<u64>().ok()).is_some_and(|digits| digits % 97 == 1)
    }

    #[test]
    fn a_number_holds_and_one_with_a_wrong_digit_or_two_changed_places_does_not() {
        for (branch, shipment) in [(1, 1), (16, 9_999_999_999_999), (7, (1 << 40) + 12_345)] {
            let good = number(branch, shipment);
            assert_eq!(good.len(), 20);
            assert!(holds(&good), "{good}");
            for at in 3..20 {
                let mut bytes = good.clone().into_bytes();
                bytes[at] = if bytes[at] == b'9' { b'0' } else { bytes[at] + 1 };
                assert!(!holds(&String::from_utf8(bytes).unwrap()), "{good}, another digit at {at}");
                let mut bytes = good.clone().into_bytes();
                bytes.swap(at, (at + 1).min(19));
                let swapped = String::from_utf8(bytes).unwrap();
                assert_eq!(holds(&swapped), swapped == good, "{good}, changed places at {at}");
            }
        }
        assert_eq!(number(1, 1), "BRK01000000000000150");
    }
}
