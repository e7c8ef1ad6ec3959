# What the programs here share: the client programs of the server that is drilled, MariaDB's or MySQL's.
case $BLACKSTART_SERVER in
MySQL*)
    sql=mysql
    dumper=(mysqldump --set-gtid-purged=OFF)
    # Not all of its releases write statements for accounts, so the tables that hold them are saved, and read again in the end.
    accounts=(--no-create-info --insert-ignore --skip-lock-tables --flush-privileges mysql
        user db tables_priv columns_priv procs_priv proxies_priv global_grants role_edges default_roles)
    ;;
*)
    sql=mariadb
    dumper=(mariadb-dump)
    accounts=(--system=users --insert-ignore)
    ;;
esac
