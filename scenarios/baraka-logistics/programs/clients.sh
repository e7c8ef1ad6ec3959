# What the programs here share: the client programs of the server that is drilled, MariaDB's or MySQL's.
case $BLACKSTART_SERVER in
MySQL*)
    sql=mysql
    dumper=(mysqldump --set-gtid-purged=OFF)
    ;;
*)
    sql=mariadb
    dumper=(mariadb-dump)
    ;;
esac

# Who may do what. Not all releases of MySQL write statements for accounts, so the tables that hold them are saved, and read again.
accounts() {
    if [ "$sql" = mysql ]; then
        echo 'USE mysql;'
        "${dumper[@]}" --no-create-info --insert-ignore --skip-lock-tables mysql \
            user db tables_priv columns_priv procs_priv proxies_priv global_grants role_edges default_roles
        echo 'FLUSH PRIVILEGES;'
    else
        "${dumper[@]}" --system=users --insert-ignore
    fi
}
