//! Which image a host is made of.

use std::collections::BTreeMap;

use bollard::Docker;

use crate::failure::{Error, Result};

/// Which image hosts are made of, by what runs on them.
pub type Images = BTreeMap<String, String>;

/// What hosts are made of where nothing else is said, by what runs on them: the image that `cargo ci images` builds, which has
/// the backup tools too, else the makers' own.
const IMAGES: [(&str, [&str; 2]); 5] = [
    ("postgres", ["blackstart/postgres:17", "postgres:17"]),
    (FAMILY[0], ["blackstart/mariadb", "mariadb:11"]),
    (FAMILY[1], ["blackstart/mysql:9.7", "mysql:8.4"]),
    ("s3", ["blackstart/s3", "minio/minio"]),
    ("toxiproxy", ["blackstart/toxiproxy", "ghcr.io/shopify/toxiproxy"]),
];

/// Each serves in the other's place, and only plans that choose the engine need one.
const FAMILY: [&str; 2] = ["mariadb", "mysql"];

/// Where a person sets other images.
const CHOSEN: &str = "BLACKSTART_IMAGES";

/// The images that the engine has for every kind of host.
///
/// # Errors
/// It lacks one, which is named, or a person named one for what nobody runs.
pub(super) async fn of(client: &Docker) -> Result<Images> {
    let chosen = chosen(&std::env::var(CHOSEN).unwrap_or_default())?;
    let mut images = Images::new();
    for (runs, usual) in IMAGES {
        let candidates = chosen.get(runs).map_or(usual.to_vec(), |image| vec![image.as_str()]);
        match first(client, &candidates).await {
            Some(image) => drop(images.insert(runs.to_owned(), image.to_owned())),
            None if FAMILY.contains(&runs) && !chosen.contains_key(runs) => {}
            None => return Err(missing(candidates[candidates.len() - 1])),
        }
    }
    Ok(images)
}

/// The image of a host: that of what runs on it, or of what serves in its place.
pub(super) fn of_host<'a>(images: &'a Images, runs: &str) -> Option<&'a str> {
    let others = FAMILY.iter().filter(|_| FAMILY.contains(&runs));
    [runs].iter().chain(others).find_map(|runs| images.get(*runs)).map(String::as_str)
}

/// The first that the engine has.
async fn first<'a>(client: &Docker, candidates: &[&'a str]) -> Option<&'a str> {
    for image in candidates {
        if client.inspect_image(image).await.is_ok() {
            return Some(image);
        }
    }
    None
}

/// The images that a person has set: `postgres=NAME,s3=NAME,toxiproxy=NAME`, any of them.
fn chosen(text: &str) -> Result<Images> {
    let known = || IMAGES.map(|(runs, _)| runs).join(", ");
    let one = |part: &str| match part.split_once('=') {
        Some((runs, image)) if IMAGES.iter().any(|(known, _)| *known == runs) && !image.is_empty() => {
            Ok((runs.to_owned(), image.to_owned()))
        }
        _ => Err(Error::new(format!(
            "{CHOSEN}: `{part}` is no image for one of {}: write postgres=NAME,s3=NAME",
            known()
        ))),
    };
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(one).collect()
}

/// The engine lacks the image of what such a host runs.
pub(super) fn lacking(runs: &str) -> Error {
    let usual = IMAGES.iter().find(|(known, _)| *known == runs).map(|(_, [_, makers])| *makers);
    usual.map_or_else(|| Error::new(format!("there is no image for {runs}")), missing)
}

/// The engine lacks an image; with the two ways to get it.
pub(super) fn missing(image: &str) -> Error {
    Error::with_lines(
        format!("the engine has no image {image}"),
        vec![
            format!("where a registry is in reach: docker pull {image}"),
            "elsewhere, from Debian's packages: cargo ci images".to_owned(),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_chosen_by_what_runs_on_them() {
        let images = chosen("postgres=registry:5000/pg:16, s3=store").unwrap();
        assert_eq!((&*images["postgres"], &*images["s3"], images.len()), ("registry:5000/pg:16", "store", 2));
        assert!(chosen("").unwrap().is_empty());
        for wrong in ["postgres", "postgres=", "oracle=db"] {
            assert!(chosen(wrong).unwrap_err().to_string().contains(&format!("`{wrong}` is no image")), "{wrong}");
        }
    }

    #[test]
    fn what_a_host_runs_may_be_served_by_its_family_and_by_nobody_else() {
        let images = |all: &[&str]| all.iter().map(|runs| ((*runs).to_owned(), format!("image of {runs}"))).collect();
        for (there, runs, image) in [
            (&["mariadb", "mysql", "postgres"][..], "mysql", Some("image of mysql")),
            (&["mariadb", "mysql", "postgres"], "mariadb", Some("image of mariadb")),
            (&["mariadb", "postgres"], "mysql", Some("image of mariadb")),
            (&["mysql", "postgres"], "mariadb", Some("image of mysql")),
            (&["mariadb", "mysql"], "postgres", None),
            (&["postgres"], "mysql", None),
        ] {
            assert_eq!(of_host(&images(there), runs), image, "{runs} of {there:?}");
        }
    }

    #[test]
    fn an_image_that_is_not_there_is_named_with_both_ways_to_get_it() {
        let said = missing("postgres:17").to_string();
        assert!(
            ["postgres:17", "docker pull postgres:17", "cargo ci images"].iter().all(|part| said.contains(part)),
            "{said}"
        );
    }
}
