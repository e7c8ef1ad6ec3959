//! Which image a host is made of.

use std::collections::BTreeMap;

use bollard::Docker;

use crate::failure::{Error, Result};

/// Which image hosts are made of, by what runs on them.
pub type Images = BTreeMap<String, String>;

/// What hosts are made of where nothing else is said, by what runs on them: the image that `cargo ci images` builds, which has
/// the backup tools too, else the makers' own.
const IMAGES: [(&str, [&str; 2]); 4] = [
    ("postgres", ["blackstart/postgres:17", "postgres:17"]),
    (MARIADB, ["blackstart/mariadb", "mariadb:11"]),
    ("s3", ["blackstart/s3", "minio/minio"]),
    ("toxiproxy", ["blackstart/toxiproxy", "ghcr.io/shopify/toxiproxy"]),
];

/// Only plans that choose it need its image.
const MARIADB: &str = "mariadb";

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
            None if runs == MARIADB && !chosen.contains_key(runs) => {}
            None => return Err(missing(candidates[candidates.len() - 1])),
        }
    }
    Ok(images)
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
    fn an_image_that_is_not_there_is_named_with_both_ways_to_get_it() {
        let said = missing("postgres:17").to_string();
        assert!(
            ["postgres:17", "docker pull postgres:17", "cargo ci images"].iter().all(|part| said.contains(part)),
            "{said}"
        );
    }
}
