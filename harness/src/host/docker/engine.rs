//! Where a container engine answers: where `DOCKER_HOST` says, in the current context, or at one of the usual sockets.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, ClientVersion, Docker};
use nix::unistd::Uid;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::net::UnixStream;

use super::said;
use crate::failure::{Context, Error, Result};

/// An engine that takes longer is none. One that a person named may take longer: Podman asks its helpers first what they are.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
const NAMED_ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// Of one request to it, in seconds: to remove a container with its disk takes a while on a busy machine.
const REQUEST_BOUND: u64 = 60;

/// A container engine of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    /// Its socket.
    pub socket: PathBuf,
    /// How it calls itself, with its version.
    pub version: String,
    /// Of its API: as new as both sides know.
    pub api: [usize; 2],
    /// The user who runs it.
    pub user: u32,
}

impl Engine {
    /// Finds the engine that `docker` would use, or Podman's.
    ///
    /// # Errors
    /// None answers in time, or its containers can't be entered from here; in words.
    pub async fn find() -> Result<Self> {
        let places = places(|name| std::env::var(name).ok())?;
        let bound = if let [_named] = places.as_slice() { NAMED_ANSWERS_WITHIN } else { ANSWERS_WITHIN };
        let (mut answers, mut refused) = (Vec::new(), None);
        for socket in &places {
            match tokio::time::timeout(bound, ask(socket)).await {
                Ok(Ok(engine)) => match engine.closed_to(Uid::effective()) {
                    None => return Ok(engine),
                    Some(why) => drop(refused.get_or_insert(why)),
                },
                Ok(Err(error)) => answers.push(format!("{}: {error}", socket.display())),
                Err(_) => answers.push(format!("{}: no answer within {} s", socket.display(), bound.as_secs())),
            }
        }
        Err(refused.unwrap_or_else(|| Error::with_lines("no container engine answers", answers)))
    }

    /// Whether a plain user runs it: then its containers are in a user namespace of his, and their control groups are none
    /// that processes can be put into from outside.
    pub fn is_rootless(&self) -> bool {
        !Uid::from_raw(self.user).is_root()
    }

    /// Why the containers that it starts are closed to a user; nothing, if he runs it. Root could enter those of a plain user
    /// too, but whatever root's programs write there that user's engine could not remove.
    fn closed_to(&self, user: Uid) -> Option<Error> {
        if user.as_raw() == self.user {
            return None;
        }
        let whose = if self.is_rootless() { format!("user {}", self.user) } else { "root".to_owned() };
        let why = format!("{} answers, but {whose} runs it, and this is user {user}", self.version);
        let ways = [
            format!("run Blackstart as {whose}"),
            "run an engine as this user, such as rootless Podman, and name it by DOCKER_HOST".to_owned(),
            "drill without containers: --hosts native".to_owned(),
        ];
        Some(Error::with_lines(why, ways.into()))
    }

    /// A client of it.
    pub(super) fn client(&self) -> Result<Docker> {
        connect(&self.socket, self.api).cannot(format_args!("reach {}", self.version))
    }
}

fn connect(socket: &Path, [major_version, minor_version]: [usize; 2]) -> Result<Docker> {
    let version = ClientVersion { major_version, minor_version };
    let client = Docker::connect_with_unix(&socket.to_string_lossy(), REQUEST_BOUND, &version);
    client.map_err(|error| Error::new(said(&error)))
}

async fn ask(socket: &Path) -> Result<Engine> {
    let newest = [API_DEFAULT_VERSION.major_version, API_DEFAULT_VERSION.minor_version];
    let version = connect(socket, newest)?.version().await.map_err(|error| Error::new(said(&error)))?;
    let spoken = version.api_version.as_deref().and_then(|spoken| spoken.split_once('.'));
    let spoken = spoken.and_then(|(major, minor)| Some([major.parse().ok()?, minor.parse().ok()?]));
    let api = newest.min(spoken.ok_or_else(|| Error::new("it does not say which language it speaks"))?);
    // Not every engine says so; the kernel does.
    let user = UnixStream::connect(socket).await?.peer_cred()?.uid();
    let components = version.components.unwrap_or_default();
    let name = match components.first().map(|part| part.name.as_str()) {
        // So Docker calls itself.
        None | Some("Engine") => "Docker Engine",
        Some(other) => other,
    };
    let rootless = if Uid::from_raw(user).is_root() { "" } else { ", rootless" };
    let version = format!("{name} {}{rootless}", version.version.unwrap_or_default());
    Ok(Engine { socket: socket.to_owned(), version, api, user })
}

/// The sockets to try, in the order in which `docker` itself looks; where a person named one, that alone.
fn places(variable: impl Fn(&str) -> Option<String>) -> Result<Vec<PathBuf>> {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    if let Some(host) = set("DOCKER_HOST") {
        return Ok(vec![local(&host).cannot("use DOCKER_HOST")?]);
    }
    let home = set("HOME").map(PathBuf::from).unwrap_or_default();
    let folder = set("DOCKER_CONFIG").map_or_else(|| home.join(".docker"), PathBuf::from);
    let context = set("DOCKER_CONTEXT").or_else(|| word(&folder.join("config.json"), &["currentContext"]));
    if let Some(context) = context.filter(|context| context != "default") {
        // A context's folder is named by the digest of its name.
        let digest = blackstart_record::words::hex(&Sha256::digest(&context));
        let meta = folder.join("contexts/meta").join(digest).join("meta.json");
        let host = word(&meta, &["Endpoints", "docker", "Host"])
            .ok_or_else(|| Error::new(format!("{} names no host", meta.display())));
        return Ok(vec![host.and_then(|host| local(&host)).cannot(format_args!("use the Docker context {context}"))?]);
    }
    let own = set("XDG_RUNTIME_DIR").map(PathBuf::from);
    let own = own.iter().flat_map(|own| [own.join("docker.sock"), own.join("podman/podman.sock")]);
    let usual = ["/var/run/docker.sock", "/run/podman/podman.sock"].map(PathBuf::from);
    let [docker, podman] = usual;
    Ok([docker].into_iter().chain(own).chain([podman]).collect())
}

/// A socket of this machine: the processes of a drill are started where their containers are.
fn local(host: &str) -> Result<PathBuf> {
    host.strip_prefix("unix://").map(PathBuf::from).ok_or_else(|| {
        Error::new(format!("{host} is not a socket of this machine (unix://...): run Blackstart where the engine runs"))
    })
}

/// A text in a JSON file.
fn word(file: &Path, path: &[&str]) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    let found = path.iter().try_fold(&json, |json, key| json.get(key))?;
    Some(found.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_looked_for_where_docker_itself_looks() {
        let folder = tempfile::tempdir().unwrap();
        let of_desk = folder.path().join("contexts/meta").join(blackstart_record::words::hex(&Sha256::digest("desk")));
        std::fs::create_dir_all(&of_desk).unwrap();
        let endpoint = r#"{"Name":"desk","Endpoints":{"docker":{"Host":"unix:///run/desk.sock"}}}"#;
        std::fs::write(of_desk.join("meta.json"), endpoint).unwrap();
        let config = folder.path().to_str().unwrap();
        type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);
        let cases: [Case<'_>; 5] = [
            (&[], &["/var/run/docker.sock", "/run/podman/podman.sock"]),
            (&[("DOCKER_HOST", "unix:///a/b.sock"), ("DOCKER_CONTEXT", "desk")], &["/a/b.sock"]),
            (&[("DOCKER_CONTEXT", "desk"), ("DOCKER_CONFIG", config)], &["/run/desk.sock"]),
            (&[("DOCKER_CONTEXT", "default")], &["/var/run/docker.sock", "/run/podman/podman.sock"]),
            (
                &[("XDG_RUNTIME_DIR", "/run/user/7")],
                &[
                    "/var/run/docker.sock",
                    "/run/user/7/docker.sock",
                    "/run/user/7/podman/podman.sock",
                    "/run/podman/podman.sock",
                ],
            ),
        ];
        for (variables, expected) in cases {
            let found = places(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into()));
            assert_eq!(found.unwrap(), expected.iter().map(PathBuf::from).collect::<Vec<_>>(), "{variables:?}");
        }
        std::fs::write(folder.path().join("config.json"), r#"{"currentContext":"desk"}"#).unwrap();
        let configured = |name: &str| (name == "DOCKER_CONFIG").then(|| config.to_owned());
        assert_eq!(places(configured).unwrap(), [Path::new("/run/desk.sock")]);
    }

    #[test]
    fn an_engine_elsewhere_is_refused_by_its_name() {
        let refused = places(|name| (name == "DOCKER_HOST").then(|| "tcp://10.0.0.1:2375".into())).unwrap_err();
        assert!(refused.to_string().contains("tcp://10.0.0.1:2375 is not a socket of this machine"), "{refused}");
        let refused = places(|name| (name == "DOCKER_CONTEXT").then(|| "gone".into())).unwrap_err();
        assert!(refused.to_string().contains("context gone"), "{refused}");
    }
    #[test]
    fn containers_are_entered_by_whoever_runs_their_engine_and_nobody_else() {
        let engine =
            |user| Engine { socket: "/run/e.sock".into(), version: "Podman Engine 5".into(), api: [1, 41], user };
        let closed = |engine: &Engine, user| engine.closed_to(Uid::from_raw(user)).map(|why| why.to_string());
        let (roots, users) = (engine(0), engine(1000));
        assert!(!roots.is_rootless() && users.is_rootless());
        assert_eq!((closed(&roots, 0), closed(&users, 1000)), (None, None));
        let cases = [(&roots, 1000, "root"), (&users, 0, "user 1000"), (&users, 1001, "user 1000")];
        for (engine, user, whose) in cases {
            let why = closed(engine, user).unwrap();
            let ways = [format!("but {whose} runs it, and this is user {user}"), format!("run Blackstart as {whose}")];
            assert!(ways.iter().all(|part| why.contains(part)) && why.contains("--hosts native"), "{why}");
        }
    }
}
