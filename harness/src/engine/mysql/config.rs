//! What a server is told: by its file what belongs to the data, by its command line what belongs to the host.

use super::{Flavour, Mysql, PORT, SUPERUSER};
use crate::host::{Command, Host};

/// The file of settings, on the host's disk: a restored data directory brings none, and one that is emptied keeps it.
pub(super) const CONFIG: &str = "my.cnf";

/// Where client programs find out how the superuser reaches the server: packages have files for all users, which say where
/// theirs is, and this one is read after them.
pub(super) const OF_CLIENTS: &str = "home/.my.cnf";

/// The text of that file.
pub(super) fn of_clients(socket: &str) -> String {
    format!("[client]\n{}{}", setting("socket", socket), setting("user", SUPERUSER))
}

/// A drilled server keeps what it has acknowledged and logs how it got there; its times are UTC, and no value is bent to fit.
const SETTINGS: [(&str, &str); 8] = [
    ("character_set_server", "utf8mb4"),
    ("default_time_zone", "+00:00"),
    ("event_scheduler", "ON"),
    ("innodb_flush_log_at_trx_commit", "1"),
    ("log_bin", "binlog"),
    ("skip_name_resolve", "ON"),
    ("sql_mode", "TRADITIONAL"),
    ("sync_binlog", "1"),
];

/// The file's text: what every server is told, then `own`, which wins.
pub(super) fn text(flavour: Flavour, own: &[(String, String)]) -> String {
    let common = SETTINGS.iter().chain(flavour.settings()).map(|(name, value)| setting(name, value));
    let own = own.iter().map(|(name, value)| setting(name, value));
    common
        .chain(["\n# Set by the drill.\n".to_owned()])
        .chain(own)
        .fold("[mysqld]\n".to_owned(), |text, line| text + &line)
}

/// The file's text without what it says of `name`.
pub(super) fn without(text: &str, name: &str) -> String {
    let says = |line: &&str| line.split('=').next().is_some_and(|left| left.trim() == name);
    text.lines().filter(|line| !says(line)).fold(String::new(), |text, line| text + line + "\n")
}

/// One line of the file. Only the outermost quotes are taken off when it is read.
pub fn setting(name: &str, value: &str) -> String {
    format!("{name} = \"{}\"\n", value.replace('\\', "\\\\"))
}

/// Under which number a server logs what it writes; it applies nothing from elsewhere that bears its own. No two hosts of a drill
/// share an address, and no address differs from another by `mark` alone.
pub(super) fn server_id(host: &Host, mark: u32) -> (String, String) {
    ("server_id".to_owned(), (u32::from(host.address()) ^ mark).to_string())
}

/// Starts the server as the one of its host, to live the life of this name.
pub(super) fn command(server: &Mysql, life: &str) -> Command {
    let (host, flavour) = (server.host(), server.flavour());
    let own = [
        format!("--defaults-file={}", host.path(CONFIG)),
        format!("--datadir={}", host.path(server.data())),
        format!("--bind-address={}", host.address()),
        format!("--port={PORT}"),
        format!("--socket={}", server.socket()),
        format!("--pid-file={}", host.path("run/mysqld.pid")),
        format!("--tmpdir={}", host.path("tmp")),
        format!("--secure-file-priv={}", host.path("tmp")),
        format!("--report-host={life}"),
    ];
    Command::new(server.program(flavour.programs().server)).args(own).args(flavour.options().iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_drill_sets_comes_last_and_wins() {
        let own =
            [("sync_binlog".to_owned(), "0".to_owned()), ("init_connect".to_owned(), "SET @a = 'b\\c#'".to_owned())];
        let text = text(Flavour::MySql, &own);
        assert!(text.starts_with("[mysqld]\ncharacter_set_server = \"utf8mb4\"\n"), "{text}");
        assert!(text.find("sync_binlog = \"1\"") < text.find("sync_binlog = \"0\""), "{text}");
        assert!(text.ends_with("init_connect = \"SET @a = 'b\\\\c#'\"\n"), "{text}");
    }

    #[test]
    fn a_setting_is_taken_out_wherever_it_stands() {
        let own = [("read_only".to_owned(), "ON".to_owned())];
        let [with, without_it] = [&own[..], &[]].map(|own| text(Flavour::MariaDb, own));
        assert!(with.contains("read_only"));
        assert_eq!(without(&with, "read_only"), without_it);
    }
}
