//! Texts that backups, dumps and drivers like to change.

/// Combining marks beside their composed forms, several scripts, an emoji of seven code points, quotes.
pub const GIVEN: &[&str] = &[
    "Ada",
    "Zoe\u{308}",
    "Zo\u{eb}",
    "Jürgen",
    "O'Hara",
    "Łukasz",
    "Ngu\u{1ec5}n",
    "山田",
    "Олена",
    "مريم",
    "Back\\slash",
    "Tab\there",
    "\"Quoted\"",
    "Ünal",
    "e\u{301}mile",
];

/// Likewise.
pub const FAMILY: &[&str] =
    &["Lovelace", "Muñoz", "Ångström", "A\u{30a}ngstro\u{308}m", "太郎", "Шевченко", "de la Cruz", "Smith"];

/// Likewise; the empty text is not NULL.
pub const NOTES: &[&str] = &[
    "",
    " ",
    "leave at the door",
    "line\nbreak and \r\n another",
    "👩‍👩‍👧‍👦 is at home",
    "100 % of \\N and \\. are no ends",
    "a\u{301}\u{323} and \u{1ea5}",
    "NULL",
    "\u{feff}begins with a mark",
    "$$ -- ; DROP TABLE nothing",
];

pub const GOODS: &[&str] = &["Lamp", "Kettle", "Stuhl", "Böll\u{e9}r", "コップ", "Чайник", "Table ☕", "Cable 2 m"];
pub const CATEGORIES: &[&str] = &["kitchen", "light", "möbel", "parts", "☕"];
pub const COLOURS: &[&str] = &["red", "blå", "黒", "grün", "white"];
pub const CARRIERS: &[&str] = &["DHL", "Correos", "佐川", "Posten", "UPS"];
/// Zones with odd offsets, with and without summer time.
pub const ZONES: &[&str] =
    &["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe"];
