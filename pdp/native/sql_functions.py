"""What SQL functions do beyond computing a value. Names are lower case, without a schema unless the schema is part
of it.

``sqlglot`` knows about 570 portable functions by type; those compute values, save the few in ``TYPED``. A name it
does not
know is either in ``HARMLESS`` (built in to some database, reads nothing but its arguments and the session), in
``DANGEROUS``, or unknown: then it may be user-defined and do anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlglot import exp

from pdp.types import Access

DANGEROUS: Final[Mapping[str, Access]] = {
    name: access
    for access, names in {
        # Sequences move, locks are taken, statistics are reset.
        Access.WRITE: """nextval setval lastval pg_advisory_lock pg_advisory_lock_shared pg_advisory_xact_lock
            pg_advisory_xact_lock_shared pg_try_advisory_lock pg_try_advisory_xact_lock get_lock release_lock
            release_all_locks pg_notify pg_stat_reset pg_stat_statements_reset txid_current pg_export_snapshot""",
        # Run SQL or code given as text, reach another server, read a file through the server, or burn its time.
        Access.EXECUTE: """query_to_xml query_to_xmlschema query_to_xml_and_xmlschema table_to_xml
            table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema database_to_xml
            database_to_xmlschema cursor_to_xml crosstab crosstab2 crosstab3 crosstab4 connectby xpath_table ts_stat
            ts_rewrite dblink dblink_exec dblink_connect dblink_connect_u dblink_send_query dblink_open dblink_fetch
            dblink_get_result dblink_cancel_query postgres_fdw_disconnect http http_get http_post http_put
            http_delete pg_sleep pg_sleep_for pg_sleep_until sleep benchmark dbms_lock.sleep dbms_session.sleep
            openrowset openquery opendatasource external_query remote remotesecure cluster clusterallreplicas url s3
            s3cluster hdfs file azureblobstorage gcs mysql postgresql mongodb redis sqlite jdbc odbc executable
            input deltalake iceberg read_csv read_csv_auto read_parquet parquet_scan read_json read_json_auto
            read_json_objects read_ndjson read_text read_blob read_xlsx sqlite_scan postgres_scan mysql_scan
            postgres_query mysql_query glob_files reflect try_reflect java_method query query_table secret
            identifier xmlquery dbms_xmlgen.getxml dbms_xmlgen.getxmltype utl_http.request utl_http.request_pieces
            httpuritype dburitype xdburitype utl_inaddr.get_host_address utl_inaddr.get_host_name
            utl_tcp.open_connection dbms_ldap.init utl_smtp.open_connection sys.dbms_xmlquery.getxml
            dbms_sql.execute sqlexec xmltype_from_url system.query result_scan""",
        # Read or write the server's files, run programs, change the server or who may use it.
        Access.ADMINISTER: """pg_read_file pg_read_binary_file pg_ls_dir pg_ls_logdir pg_ls_waldir pg_ls_tmpdir
            pg_ls_archive_statusdir pg_stat_file pg_file_write pg_file_read pg_file_rename pg_file_unlink
            pg_file_sync pg_logdir_ls lo_import lo_export lo_put lo_get lo_create lo_creat lo_unlink lo_from_bytea
            lowrite loread lo_open pg_terminate_backend pg_cancel_backend pg_reload_conf pg_rotate_logfile
            pg_promote pg_switch_wal pg_create_restore_point pg_start_backup pg_stop_backup pg_backup_start
            pg_backup_stop pg_drop_replication_slot pg_create_physical_replication_slot
            pg_create_logical_replication_slot pg_logical_slot_get_changes pg_logical_emit_message
            pg_wal_replay_pause pg_wal_replay_resume pg_replication_origin_create pg_import_system_collations
            set_config pg_hba_file_rules pg_extension_config_dump load_file load_extension readfile writefile edit
            fts3_tokenizer sys_exec sys_eval sys_get sys_set lib_mysqludf_sys_info xp_cmdshell xp_regread
            xp_regwrite xp_dirtree xp_fileexist xp_subdirs sp_oacreate sp_executesql fn_xe_file_target_read_file
            fn_get_audit_file fn_trace_gettable sys.fn_xe_file_target_read_file utl_file.fopen utl_file.put_line
            dbms_java.runjava dbms_scheduler.create_job dbms_advisor.create_file system$cancel_query
            system$abort_session system$send_email system$wait system$pipe_force_resume""",
    }.items()
    for name in names.split()
}

TYPED: Final[Mapping[type[exp.Expr], Access]] = {
    exp.ReadCSV: Access.EXECUTE,
    exp.ReadParquet: Access.EXECUTE,
    exp.DynamicIdentifier: Access.EXECUTE,
    exp.Secret: Access.ADMINISTER,
    exp.NextValueFor: Access.WRITE,
    exp.Predict: Access.EXECUTE,
    exp.GenerateText: Access.EXECUTE,
    exp.GenerateTable: Access.EXECUTE,
    exp.GenerateEmbedding: Access.EXECUTE,
    exp.AIGenerate: Access.EXECUTE,
    exp.AIClassify: Access.EXECUTE,
    exp.AIEmbed: Access.EXECUTE,
    exp.AISummarizeAgg: Access.EXECUTE,
    exp.AIAgg: Access.EXECUTE,
    exp.MLForecast: Access.EXECUTE,
    exp.MLTranslate: Access.EXECUTE,
}

HARMLESS: Final = frozenset(
    """abbrev adddate addtime aes_decrypt aes_encrypt age aggregate akeys any_value approx_percentile
    array_construct array_lower array_ndims array_sort array_union array_upper arrayfilter arrayjoin arraymap
    arrays_overlap as_varchar avals avgif bin binary_checksum bit_and bit_count bit_or bit_xor broadcast bround
    btrim cardinality changes char_length character_length checksum choose clock_timestamp col_description col_name
    collect_list collect_set concat_ws connection_id conv convert_tz count_big crc32 curdate current_schemas
    current_setting curtime date date_format date_part date_sub dateadd datediff datediff_big datename datepart
    daterange datesub datetime datetimefromparts datetrunc db_id db_name dense_rank difference digest div div0
    dmetaphone dump element_at empty eomonth epoch epoch_ms every extract extractvalue field find_in_set forall
    format format_bytes format_date format_datetime format_number format_string format_timestamp format_type
    found_rows from_days from_hex from_unixtime from_utc_timestamp gcd gen_random_uuid gen_salt generate_array
    generate_series generate_subscripts get get_json_object get_path getdate getutcdate glob grouparray grouping
    groupuniqarray has has_column_privilege has_schema_privilege has_table_privilege hash hashbytes hmac hstore
    hypot ident_current iff ifnull indexof inet6_aton inet6_ntoa inet_aton inet_client_addr inet_ntoa
    inet_server_addr inet_server_port initcap input_file_name instr int4range int8range is_ipv4 is_ipv6 isempty
    isfinite isjson isnull isnumeric json json_agg json_array json_array_elements json_array_elements_text
    json_array_length json_build_array json_build_object json_contains json_contains_path json_depth json_each
    json_each_text json_extract json_extract_path json_extract_path_text json_group_array json_group_object
    json_insert json_keys json_length json_merge_patch json_merge_preserve json_modify json_object json_object_agg
    json_object_keys json_overlaps json_patch json_populate_record json_populate_recordset json_pretty json_query
    json_query_array json_quote json_remove json_replace json_search json_serialize json_set json_strip_nulls
    json_to_record json_to_recordset json_tree json_tuple json_type json_typeof json_unquote json_valid json_value
    json_value_array jsonb jsonb_agg jsonb_array_elements jsonb_array_elements_text jsonb_array_length
    jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text
    jsonb_insert jsonb_object jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_match jsonb_path_query
    jsonb_path_query_array jsonb_path_query_first jsonb_populate_record jsonb_pretty jsonb_set jsonb_strip_nulls
    jsonb_to_record jsonb_to_recordset jsonb_to_tsvector jsonb_typeof jsonextractfloat jsonextractint jsonextractraw
    jsonextractstring julianday last_insert_id last_insert_rowid lcm len lengthutf8 likely list_aggregate
    list_contains list_extract list_filter list_sort list_transform list_value listagg localtime localtimestamp
    lower_inc lower_inf lowerutf8 mad make_date make_interval make_set make_time make_timestamp make_timestamptz
    makedate maketime map_from_entries map_values masklen metaphone microsecond mid mod monotonically_increasing_id
    multiif named_struct nchar netmask network newid normal_rand notempty now nullifzero num_nonnulls num_nulls
    numnode numrange numtodsinterval numtoyminterval obj_description object_construct object_id object_keys
    object_name oct octet_length ora_hash ord pad parse_date parse_ident parse_timestamp parsename patindex
    percentile percentile_approx period_add period_diff pg_column_size pg_database_size pg_get_constraintdef
    pg_get_expr pg_get_functiondef pg_get_indexdef pg_get_serial_sequence pg_get_userbyid pg_get_viewdef
    pg_indexes_size pg_is_in_recovery pg_postmaster_start_time pg_relation_size pg_size_bytes pg_size_pretty
    pg_table_is_visible pg_table_size pg_total_relation_size pg_typeof phraseto_tsquery plainto_tsquery pmod power
    printf quantile quantiles quote quote_ident quote_literal quote_nullable quotename random randomblob range
    range_agg range_merge rank ratio_to_report regexp_contains regexp_count regexp_like regexp_match regexp_matches
    regexp_split_to_array regexp_split_to_table regexp_substr replicate reservoir_quantile rlike round row row_count
    row_to_json rowcount_big rownum schema_id schema_name scope_identity sec_to_time sequence setseed setweight sha1
    sha224 sha256 sha384 sha512 show_trgm similarity size skeys slice slice_array splitbychar sqlite_version square
    st_area st_asewkt st_asgeojson st_astext st_buffer st_centroid st_contains st_distance st_distance_sphere
    st_dwithin st_geogfromtext st_geogpoint st_geomfromgeojson st_geomfromtext st_intersection st_intersects
    st_length st_makeenvelope st_makepoint st_point st_setsrid st_simplify st_transform st_union st_within st_x st_y
    starts_with statement_timestamp std str strcmp strftime strict_word_similarity string_split strip strptime
    struct_pack subdate subtime sumif svals switchoffset sys_context sys_extract_utc sys_guid sysdate sysdatetime
    sysdatetimeoffset sysutcdatetime tand time time_to_sec timediff timefromparts timeofday timestamp_millis
    timestamp_seconds timestampadd to_clob to_date to_decimal to_dsinterval to_hex to_json to_jsonb to_timestamp
    to_tsquery to_tsvector to_utc_timestamp to_varchar to_yminterval todate todatetime todatetimeoffset today
    todayofmonth tofloat64 tohour toint32 toint64 tomonth tostartofday tostartofhour tostartofinterval
    tostartofminute tostartofmonth tostartofweek tostring total touint32 touint64 toyear toyyyymm toyyyymmdd
    transaction_timestamp transform trim_array trunc truncate try_parse try_parse_json try_to_date try_to_number
    try_to_timestamp ts_headline ts_rank ts_rank_cd tsrange tstzrange type_id type_name unaccent uniq uniqexact
    unistr unix_timestamp unixepoch unlikely updatexml upper_inc upper_inf upperutf8 user user_id user_name
    uuid_generate_v1 uuid_generate_v4 uuid_short version vsize websearch_to_tsquery week weekday weekofyear
    wm_concat word_similarity xmlagg xmlforest xpath xxhash64 yearweek yesterday zeroblob zeroifnull""".split()
)

# Schemas whose functions are the database's own: the bare name tells what they do.
OWN_SCHEMAS: Final = frozenset(
    {"pg_catalog", "sys", "system", "safe", "information_schema", "net", "hll_count", "keys"}
)


def access_of(name: str) -> Access | None:
    """What calling ``name`` (lower case, schema included where written) does; ``None`` when nobody knows."""
    found = DANGEROUS.get(name)
    if found is not None:
        return found
    schema, dot, bare = name.rpartition(".")
    if not dot:
        return Access.READ if name in HARMLESS else None
    if bare in DANGEROUS:
        return DANGEROUS[bare]
    return Access.READ if schema in OWN_SCHEMAS and bare in HARMLESS else None
