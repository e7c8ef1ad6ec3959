//! An index that lacks a row of its table, on a real server: seen by `amcheck`, and by both access paths where the server
//! has no `amcheck`.

use blackstart::examine::indexes;
use blackstart::workload::Settings;
use blackstart_record::observation::Agreement;

use crate::ALONE;
use crate::engine::POSTGRESQL;
use crate::world::{DATABASE, World};

/// Two indexes of a table of a thousand rows.
const TABLE: &str = "CREATE TABLE public.shelf AS SELECT id, 'book ' || id AS name FROM generate_series(1, 1000) id; \
    CREATE INDEX shelf_id ON public.shelf (id); CREATE INDEX shelf_name ON public.shelf (name)";

/// A row that is entered while one of the indexes is not kept up.
const UNSEEN: &str = "UPDATE pg_index SET indisready = false WHERE indexrelid = 'public.shelf_name'::regclass; COMMIT; \
    INSERT INTO public.shelf VALUES (1001, 'book 1001'); \
    UPDATE pg_index SET indisready = true WHERE indexrelid = 'public.shelf_name'::regclass";

/// In its way `amcheck` can't be created.
const IN_THE_WAY: &str = "CREATE FUNCTION public.bt_index_check(regclass) RETURNS void LANGUAGE sql AS ''";

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_lacks_a_row_disagrees_with_its_table_with_amcheck_and_without() {
    let _alone = ALONE.lock().await;
    let place = tempfile::tempdir().unwrap();
    let settings = Settings { rows: 1_000, ..Settings::default() };
    let world = World::start(&POSTGRESQL, 20, &settings, &place.path().join("initial")).await;
    let client = world.server.connect(DATABASE).await.unwrap();
    client.batch(TABLE).await.unwrap();
    for (prepared, by) in [("", "amcheck"), (IN_THE_WAY, "both access paths")] {
        client.batch(prepared).await.unwrap();
        let healthy = observe(&world).await;
        for index in ["shelf_id", "shelf_name"] {
            assert_eq!(healthy[index], Agreement::Agrees { by: by.into() }, "{index}");
        }
        let wrong: Vec<_> = healthy.iter().filter(|(_, found)| matches!(found, Agreement::Disagrees { .. })).collect();
        assert!(wrong.is_empty(), "by {by}: {wrong:?}");
    }
    client.batch(UNSEEN).await.unwrap();
    for (prepared, by) in [("", "both access paths"), ("DROP FUNCTION public.bt_index_check(regclass)", "amcheck")] {
        client.batch(prepared).await.unwrap();
        let found = observe(&world).await;
        assert!(matches!(found["shelf_name"], Agreement::Disagrees { .. }), "by {by}: {:?}", found["shelf_name"]);
        assert_eq!(found["shelf_id"], Agreement::Agrees { by: by.into() });
    }
}

async fn observe(world: &World) -> std::collections::BTreeMap<String, Agreement> {
    let looks = indexes::observe(&world.server, DATABASE).await.unwrap();
    looks.into_iter().map(|look| (look.index, look.found)).collect()
}
