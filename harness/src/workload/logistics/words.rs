//! Texts that backups, dumps and drivers like to change.

/// The branches: code, name, time zone.
pub const BRANCHES: [(&str, &str, &str); 16] = [
    ("SAH", "صنعاء", "Asia/Aden"),
    ("ADE", "عدن – Aden", "Asia/Aden"),
    ("RUH", "الرياض", "Asia/Riyadh"),
    ("JED", "جِدَّة", "Asia/Riyadh"),
    ("DXB", "دبي 🏙️", "Asia/Dubai"),
    ("AMM", "عمّان", "Asia/Amman"),
    ("CAI", "القاهرة", "Africa/Cairo"),
    ("IST", "İstanbul", "Europe/Istanbul"),
    ("NBO", "Nairobi 🚚", "Africa/Nairobi"),
    ("KTM", "काठमाडौँ", "Asia/Kathmandu"),
    ("PEK", "北京", "Asia/Shanghai"),
    ("HKG", "香港 𠝹", "Asia/Hong_Kong"),
    ("HAN", "Hà Nội", "Asia/Ho_Chi_Minh"),
    ("WAW", "Łódź i Warszawa", "Europe/Warsaw"),
    ("BOG", "Bogota\u{301}", "America/Bogota"),
    ("KEF", "Keflavík – Þórshöfn", "Atlantic/Reykjavik"),
];

/// Combining marks beside their composed forms, several scripts, characters of four bytes, quotes.
pub const GIVEN: &[&str] = &[
    "Ada",
    "Zoe\u{308}",
    "Zo\u{eb}",
    "Łukasz",
    "O'Hara",
    "مريم",
    "عبد الله",
    "山田",
    "𠮷野",
    "Ngu\u{1ec5}n",
    "Back\\slash",
    "Tab\there",
    "\"Quoted\"",
    "`ticked`",
    "Weiß 🐫",
];

/// Likewise.
pub const FAMILY: &[&str] =
    &["Al-Sanaani", "Muñoz", "A\u{30a}ngstro\u{308}m", "Ångström", "الحربي", "李", "Шевченко", "Smith", "NULL"];

/// Likewise; some end in spaces.
pub const ADDRESSES: &[&str] = &[
    "شارع الستين، حدة",
    "Calle 26 № 13-19  ",
    "朝阳区建国路93号",
    "Straße des 17. Juni\r\n10623 Berlin",
    "ring twice 🔔🔔",
    "c:\\users\\%USER% -- ; /* none */",
    "a\u{301}\u{323} and \u{1ea5}\u{200f}",
    " ",
];

pub const JOBS: &[&str] = &["clerk", "cashier", "manager", "sorter"];
pub const DEVICES: &[&str] = &["handheld-7", "gate-2", "📱 phone", "bänd-1"];
pub const GOODS: &[&str] = &["parcel", "letter", "رسالة", "茶叶", "vélo 🚲"];
