//! A site is gone: every host on it with its processes and its disk, the store's among them if it is there.

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Injected, Kept, Scene, gone};
use crate::failure::{Error, Result};
use crate::plan::Need;

/// What to lose.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The site.
    pub site: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("destroy every host on site {} with its disk", self.site)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Site(&self.site)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.destroy(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        async move {
            let hosts = injected.kept.words();
            hosts.iter().try_for_each(|host| gone::look(scene, host))?;
            Ok(format!("no process and no file is left on {}", hosts.join(", ")))
        }
        .boxed()
    }
}

impl Params {
    async fn destroy(&self, scene: &mut Scene<'_>) -> Result<Injected> {
        let on_it = scene.sites.iter().filter(|(_, host)| host.site == self.site);
        let hosts: Vec<String> = on_it.map(|(name, _)| name.clone()).collect();
        if hosts.is_empty() {
            return Err(Error::new(format!("there is no host on site {}", self.site)));
        }
        for host in &hosts {
            gone::destroy(scene, host).await?;
        }
        let says = format!("site {} lost, with {}", self.site, hosts.join(", "));
        Ok(Injected::keeping(says, Kept::Words(hosts)))
    }
}
