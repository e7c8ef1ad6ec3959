//! The name that was probably meant.

use strsim::damerau_levenshtein;

/// How many names a message lists before it stops.
const LISTED: usize = 12;

/// The name nearest to `word`, if one is near enough to be worth saying.
pub(super) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    let word = plain(word);
    let limit = (word.chars().count() / 3).max(1);
    names
        .into_iter()
        .map(|name| (damerau_levenshtein(&word, &plain(name)), name))
        .filter(|(distance, name)| *distance <= limit && *distance < name.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// What would be right in place of `word`: the nearest name, and all names if they are few.
pub fn advice<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let meant = nearest(word, names.iter().copied()).map(|name| format!("did you mean `{name}`? "));
    let listed: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > LISTED { format!(" and {} more", names.len() - LISTED) } else { String::new() };
    let known = match listed.len() {
        0 => "there is none".to_owned(),
        1 => format!("there is only {}", listed[0]),
        _ => format!("there are {}{more}", listed.join(", ")),
    };
    format!("{}{known}", meant.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near() {
        let names = ["barman-cloud", "command", "pg-dump"];
        for (word, expected) in [
            ("barman-clud", Some("barman-cloud")),
            ("barman_cloud", Some("barman-cloud")),
            ("BARMAN-CLOUD", Some("barman-cloud")),
            ("comand", Some("command")),
            ("pg-dmup", Some("pg-dump")),
            ("wal-g", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, names), expected, "{word:?}");
        }
    }

    #[test]
    fn advice_names_what_there_is() {
        assert_eq!(advice("x", []), "there is none");
        assert_eq!(advice("mian", ["main"]), "did you mean `main`? there is only `main`");
        assert_eq!(advice("zz", ["a1", "b1"]), "there are `a1`, `b1`");
    }
}
