CREATE TABLE dataforce_bucket_secrets (
    id text NOT NULL COLLATE pg_catalog."C",
    organization_id text NOT NULL COLLATE pg_catalog."C",
    endpoint text NOT NULL COLLATE pg_catalog."C",
    bucket_name text NOT NULL COLLATE pg_catalog."C",
    secure boolean,
    region text COLLATE pg_catalog."C",
    cert_check boolean,
    created_at text NOT NULL COLLATE pg_catalog."C",
    updated_at text COLLATE pg_catalog."C"
);
CREATE TABLE dataforce_cached_files (
    digest text NOT NULL COLLATE pg_catalog."C",
    size bigint NOT NULL,
    used bigint NOT NULL,
    is_pinned boolean NOT NULL
);
CREATE TABLE dataforce_collections (
    id text NOT NULL COLLATE pg_catalog."C",
    orbit_id text NOT NULL COLLATE pg_catalog."C",
    description text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    collection_type text NOT NULL COLLATE pg_catalog."C",
    tags text,
    created_at text NOT NULL COLLATE pg_catalog."C",
    updated_at text COLLATE pg_catalog."C"
);
CREATE TABLE dataforce_entries (
    kind text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    scope text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    base text COLLATE pg_catalog."C",
    is_whole boolean NOT NULL,
    unshown text COLLATE pg_catalog."C",
    successor text COLLATE pg_catalog."C",
    revision bigint NOT NULL
);
CREATE TABLE dataforce_model_artifacts (
    id text NOT NULL COLLATE pg_catalog."C",
    collection_id text NOT NULL COLLATE pg_catalog."C",
    file_name text NOT NULL COLLATE pg_catalog."C",
    model_name text NOT NULL COLLATE pg_catalog."C",
    description text COLLATE pg_catalog."C",
    metrics text NOT NULL,
    manifest text NOT NULL,
    file_hash text NOT NULL COLLATE pg_catalog."C",
    file_index text NOT NULL,
    bucket_location text NOT NULL COLLATE pg_catalog."C",
    size bigint NOT NULL,
    unique_identifier text NOT NULL COLLATE pg_catalog."C",
    tags text,
    status text NOT NULL COLLATE pg_catalog."C",
    created_by_user text COLLATE pg_catalog."C",
    content text NOT NULL COLLATE pg_catalog."C",
    created_at text NOT NULL COLLATE pg_catalog."C",
    updated_at text COLLATE pg_catalog."C"
);
CREATE TABLE dataforce_notes (
    space text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE dataforce_orbits (
    id text NOT NULL COLLATE pg_catalog."C",
    organization_id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    bucket_secret_id text NOT NULL COLLATE pg_catalog."C",
    created_at text NOT NULL COLLATE pg_catalog."C",
    updated_at text COLLATE pg_catalog."C"
);
CREATE TABLE dataforce_organizations (
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    logo text COLLATE pg_catalog."C",
    created_at text NOT NULL COLLATE pg_catalog."C",
    updated_at text COLLATE pg_catalog."C"
);
CREATE TABLE dataforce_registry (
    key text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE dataforce_released_files (
    id integer NOT NULL,
    content text NOT NULL COLLATE pg_catalog."C",
    due text NOT NULL COLLATE pg_catalog."C"
);
CREATE SEQUENCE dataforce_released_files_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE dataforce_released_files_id_seq OWNED BY dataforce_released_files.id;
CREATE TABLE dataforce_revisions (
    id integer NOT NULL,
    latest bigint NOT NULL
);
CREATE SEQUENCE dataforce_revisions_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE dataforce_revisions_id_seq OWNED BY dataforce_revisions.id;
ALTER TABLE ONLY dataforce_released_files ALTER COLUMN id SET DEFAULT nextval('dataforce_released_files_id_seq'::regclass);
ALTER TABLE ONLY dataforce_revisions ALTER COLUMN id SET DEFAULT nextval('dataforce_revisions_id_seq'::regclass);
INSERT INTO dataforce_bucket_secrets VALUES ('2eba9927-3d3a-48e8-b7a5-b0b8bcd732a6', '7fae7163-4ee0-4c84-9910-d65b0b47faf8', '2eba9927-3d3a-48e8-b7a5-b0b8bcd732a6', '2eba9927-3d3a-48e8-b7a5-b0b8bcd732a6', NULL, NULL, NULL, '2026-01-02T03:04:05.678901Z', NULL);
INSERT INTO dataforce_bucket_secrets VALUES ('01a215cb-75e8-7438-a826-7f7c0e6e2073', '7fae7163-4ee0-4c84-9910-d65b0b47faf8', 's3.example', 'ours', NULL, NULL, NULL, '2026-11-26T02:59:45.256289Z', NULL);
INSERT INTO dataforce_cached_files VALUES ('3673014e72b67383be302485694555a57ad393afdebaed6ded110a775bd0556d', 6, 1, true);
INSERT INTO dataforce_collections VALUES ('b941324c-4af9-4ecf-b157-5db9b63ff7fa', '9ccca46a-8282-49db-9adb-d9fa48b0f9a0', '', 'Theirs', 'model', NULL, '2026-01-02T03:04:05.678901Z', NULL);
INSERT INTO dataforce_collections VALUES ('8f10acae-fe10-4cea-8231-9a534145de9f', '9ccca46a-8282-49db-9adb-d9fa48b0f9a0', '', 'After', 'model', '["ours"]', '2026-01-02T03:04:05.678901Z', '2026-11-26T02:59:45.146875Z');
INSERT INTO dataforce_collections VALUES ('01a215cb-75b0-7f00-b6cd-7670dcff14a8', '9ccca46a-8282-49db-9adb-d9fa48b0f9a0', '', 'Ours', 'model', NULL, '2026-11-26T02:59:45.200958Z', NULL);
INSERT INTO dataforce_entries VALUES ('organizations', '7fae7163-4ee0-4c84-9910-d65b0b47faf8', '', 'copied', '{"id":"7fae7163-4ee0-4c84-9910-d65b0b47faf8","name":"Theirs","logo":null,"role":"owner","permissions":null,"created_at":"2026-01-02T03:04:05.678901Z","updated_at":null}', true, NULL, NULL, 1);
INSERT INTO dataforce_entries VALUES ('bucket-secrets', '2eba9927-3d3a-48e8-b7a5-b0b8bcd732a6', '7fae7163-4ee0-4c84-9910-d65b0b47faf8/', 'copied', '{"id":"2eba9927-3d3a-48e8-b7a5-b0b8bcd732a6","type":null,"endpoint":"s3.example","bucket_name":"theirs","secure":null,"region":null,"cert_check":null,"organization_id":"7fae7163-4ee0-4c84-9910-d65b0b47faf8","created_at":"2026-01-02T03:04:05.678901Z","updated_at":null}', true, NULL, NULL, 2);
INSERT INTO dataforce_entries VALUES ('orbits', '9ccca46a-8282-49db-9adb-d9fa48b0f9a0', '7fae7163-4ee0-4c84-9910-d65b0b47faf8/', 'copied', '{"id":"9ccca46a-8282-49db-9adb-d9fa48b0f9a0","name":"Theirs","organization_id":"7fae7163-4ee0-4c84-9910-d65b0b47faf8","bucket_secret_id":"2eba9927-3d3a-48e8-b7a5-b0b8bcd732a6","total_members":1,"total_collections":null,"total_satellites":0,"total_model_artifacts":null,"role":null,"permissions":null,"members":null,"collections_tags":null,"created_at":"2026-01-02T03:04:05.678901Z","updated_at":null}', true, NULL, NULL, 3);
INSERT INTO dataforce_entries VALUES ('collections', 'b941324c-4af9-4ecf-b157-5db9b63ff7fa', '7fae7163-4ee0-4c84-9910-d65b0b47faf8/9ccca46a-8282-49db-9adb-d9fa48b0f9a0/', 'copied', '{"id":"b941324c-4af9-4ecf-b157-5db9b63ff7fa","orbit_id":"9ccca46a-8282-49db-9adb-d9fa48b0f9a0","description":"","name":"Theirs","collection_type":"model","tags":null,"total_models":0,"created_at":"2026-01-02T03:04:05.678901Z","updated_at":null}', true, NULL, NULL, 4);
INSERT INTO dataforce_entries VALUES ('collections', '8f10acae-fe10-4cea-8231-9a534145de9f', '7fae7163-4ee0-4c84-9910-d65b0b47faf8/9ccca46a-8282-49db-9adb-d9fa48b0f9a0/', 'changed', '{"id":"8f10acae-fe10-4cea-8231-9a534145de9f","orbit_id":"9ccca46a-8282-49db-9adb-d9fa48b0f9a0","description":"","name":"Before","collection_type":"model","tags":null,"total_models":0,"created_at":"2026-01-02T03:04:05.678901Z","updated_at":null}', true, NULL, NULL, 6);
INSERT INTO dataforce_entries VALUES ('collections', '386ef275-8dfa-424f-98fb-c1784a351073', '7fae7163-4ee0-4c84-9910-d65b0b47faf8/9ccca46a-8282-49db-9adb-d9fa48b0f9a0/', 'deleted', '{"id":"386ef275-8dfa-424f-98fb-c1784a351073","orbit_id":"9ccca46a-8282-49db-9adb-d9fa48b0f9a0","description":"","name":"Hidden","collection_type":"model","tags":null,"total_models":0,"created_at":"2026-01-02T03:04:05.678901Z","updated_at":null}', true, NULL, NULL, 7);
INSERT INTO dataforce_entries VALUES ('model_artifacts', '023a25a7-aae8-4482-9133-84031e80d0d4', '7fae7163-4ee0-4c84-9910-d65b0b47faf8/9ccca46a-8282-49db-9adb-d9fa48b0f9a0/b941324c-4af9-4ecf-b157-5db9b63ff7fa/', 'changed', '{"id":"023a25a7-aae8-4482-9133-84031e80d0d4","collection_id":"b941324c-4af9-4ecf-b157-5db9b63ff7fa","file_name":"theirs.fnnx","model_name":"theirs","description":null,"metrics":{"accuracy":0.5},"manifest":{"variant":"pyfunc","name":null,"version":null,"description":null,"producer_name":"tests","producer_version":"1","producer_tags":[],"inputs":[],"outputs":[],"dynamic_attributes":[],"env_vars":[]},"file_hash":"0000000000000000000000000000000000000000000000000000000000000000","file_index":{"manifest.json":[512,10]},"bucket_location":"theirs","size":5,"unique_identifier":"8574c247dcb14c7ca9a021b90242db71","tags":["theirs"],"status":"uploaded","created_by_user":"Somebody","created_at":"2026-01-02T03:04:05.678901Z","updated_at":"2026-01-02T03:04:05.678901Z"}', true, NULL, NULL, 9);
INSERT INTO dataforce_entries VALUES ('collections', '01a215cb-75b0-7f00-b6cd-7670dcff14a8', '7fae7163-4ee0-4c84-9910-d65b0b47faf8/9ccca46a-8282-49db-9adb-d9fa48b0f9a0/', 'created', NULL, true, NULL, NULL, 10);
INSERT INTO dataforce_entries VALUES ('model_artifacts', '01a215cb-75c1-76a4-8c6a-db827f60a01b', '7fae7163-4ee0-4c84-9910-d65b0b47faf8/9ccca46a-8282-49db-9adb-d9fa48b0f9a0/01a215cb-75b0-7f00-b6cd-7670dcff14a8/', 'created', NULL, true, NULL, NULL, 11);
INSERT INTO dataforce_entries VALUES ('model_artifacts', '01a215cb-75d9-757c-ad0c-f50a407231af', '7fae7163-4ee0-4c84-9910-d65b0b47faf8/9ccca46a-8282-49db-9adb-d9fa48b0f9a0/b941324c-4af9-4ecf-b157-5db9b63ff7fa/', 'created', NULL, true, NULL, NULL, 12);
INSERT INTO dataforce_entries VALUES ('bucket-secrets', '01a215cb-75e8-7438-a826-7f7c0e6e2073', '7fae7163-4ee0-4c84-9910-d65b0b47faf8/', 'created', NULL, true, '{"access_key":"key","secret_key":"hidden"}', NULL, 13);
INSERT INTO dataforce_entries VALUES ('collections', '01a215cb-7601-7115-9303-a73fd41a1d5d', '7fae7163-4ee0-4c84-9910-d65b0b47faf8/9ccca46a-8282-49db-9adb-d9fa48b0f9a0/', 'gone', NULL, true, NULL, NULL, 15);
INSERT INTO dataforce_entries VALUES ('collections', '01a215cb-7619-79e8-89f0-7b9e291d22e4', '7fae7163-4ee0-4c84-9910-d65b0b47faf8/9ccca46a-8282-49db-9adb-d9fa48b0f9a0/', 'published', NULL, true, NULL, '914027b8-1250-4831-9215-dade6320c5ac', 17);
INSERT INTO dataforce_model_artifacts VALUES ('023a25a7-aae8-4482-9133-84031e80d0d4', 'b941324c-4af9-4ecf-b157-5db9b63ff7fa', 'theirs.fnnx', 'renamed', NULL, '{"accuracy":0.5}', '{"variant":"pyfunc","name":null,"version":null,"description":null,"producer_name":"tests","producer_version":"1","producer_tags":[],"inputs":[],"outputs":[],"dynamic_attributes":[],"env_vars":[]}', '0000000000000000000000000000000000000000000000000000000000000000', '{"manifest.json":[512,10]}', 'theirs', 5, '8574c247dcb14c7ca9a021b90242db71', '["theirs"]', 'uploaded', 'Somebody', 'incoming/8574c247dcb14c7ca9a021b90242db71', '2026-01-02T03:04:05.678901Z', '2026-11-26T02:59:45.193356Z');
INSERT INTO dataforce_model_artifacts VALUES ('01a215cb-75c1-76a4-8c6a-db827f60a01b', '01a215cb-75b0-7f00-b6cd-7670dcff14a8', 'ours.fnnx', 'ours', NULL, '{}', '{"variant":"pyfunc","name":null,"version":null,"description":null,"producer_name":"tests","producer_version":"1","producer_tags":[],"inputs":[],"outputs":[],"dynamic_attributes":[],"env_vars":[]}', '0ddc3f9995a32cb2ce4dde887ab2f4de5d22108c4d07e5fe9df54c2db298143e', '{}', 'orbit-9ccca46a-8282-49db-9adb-d9fa48b0f9a0/collection-01a215cb-75b0-7f00-b6cd-7670dcff14a8/4d6ec3db614d419380beeb167d2f031a-ours.fnnx', 13, '4d6ec3db614d419380beeb167d2f031a', NULL, 'uploaded', 'root', 'sha256/0d/0ddc3f9995a32cb2ce4dde887ab2f4de5d22108c4d07e5fe9df54c2db298143e', '2026-11-26T02:59:45.217435Z', NULL);
INSERT INTO dataforce_model_artifacts VALUES ('01a215cb-75d9-757c-ad0c-f50a407231af', 'b941324c-4af9-4ecf-b157-5db9b63ff7fa', 'ours.fnnx', 'ours', NULL, '{}', '{"variant":"pyfunc","name":null,"version":null,"description":null,"producer_name":"tests","producer_version":"1","producer_tags":[],"inputs":[],"outputs":[],"dynamic_attributes":[],"env_vars":[]}', '0ddc3f9995a32cb2ce4dde887ab2f4de5d22108c4d07e5fe9df54c2db298143e', '{}', 'orbit-9ccca46a-8282-49db-9adb-d9fa48b0f9a0/collection-b941324c-4af9-4ecf-b157-5db9b63ff7fa/8edecfd1254c4362be43ccb820eba7ef-ours.fnnx', 13, '8edecfd1254c4362be43ccb820eba7ef', NULL, 'uploaded', 'root', 'sha256/0d/0ddc3f9995a32cb2ce4dde887ab2f4de5d22108c4d07e5fe9df54c2db298143e', '2026-11-26T02:59:45.241364Z', NULL);
INSERT INTO dataforce_notes VALUES ('about', 'over', 'https://remote.example');
INSERT INTO dataforce_notes VALUES ('about', 'empty', '');
INSERT INTO dataforce_orbits VALUES ('9ccca46a-8282-49db-9adb-d9fa48b0f9a0', '7fae7163-4ee0-4c84-9910-d65b0b47faf8', 'Theirs', '2eba9927-3d3a-48e8-b7a5-b0b8bcd732a6', '2026-01-02T03:04:05.678901Z', NULL);
INSERT INTO dataforce_organizations VALUES ('7fae7163-4ee0-4c84-9910-d65b0b47faf8', 'Theirs', NULL, '2026-01-02T03:04:05.678901Z', NULL);
INSERT INTO dataforce_registry VALUES ('schema_version', '1');
INSERT INTO dataforce_registry VALUES ('id', '01a215cb-74ba-79af-a8f9-ba9a7e51ce40');
INSERT INTO dataforce_registry VALUES ('workspace_version', '1');
INSERT INTO dataforce_revisions VALUES (1, 17);
SELECT pg_catalog.setval('dataforce_released_files_id_seq', 2, true);
SELECT pg_catalog.setval('dataforce_revisions_id_seq', 1, false);
ALTER TABLE ONLY dataforce_bucket_secrets
    ADD CONSTRAINT dataforce_bucket_secrets_organization_id_endpoint_bucket_na_key UNIQUE (organization_id, endpoint, bucket_name);
ALTER TABLE ONLY dataforce_bucket_secrets
    ADD CONSTRAINT dataforce_bucket_secrets_pkey PRIMARY KEY (id);
ALTER TABLE ONLY dataforce_cached_files
    ADD CONSTRAINT dataforce_cached_files_pkey PRIMARY KEY (digest);
ALTER TABLE ONLY dataforce_collections
    ADD CONSTRAINT dataforce_collections_pkey PRIMARY KEY (id);
ALTER TABLE ONLY dataforce_entries
    ADD CONSTRAINT dataforce_entries_pkey PRIMARY KEY (kind, id);
ALTER TABLE ONLY dataforce_model_artifacts
    ADD CONSTRAINT dataforce_model_artifacts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY dataforce_notes
    ADD CONSTRAINT dataforce_notes_pkey PRIMARY KEY (space, key);
ALTER TABLE ONLY dataforce_orbits
    ADD CONSTRAINT dataforce_orbits_pkey PRIMARY KEY (id);
ALTER TABLE ONLY dataforce_organizations
    ADD CONSTRAINT dataforce_organizations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY dataforce_registry
    ADD CONSTRAINT dataforce_registry_pkey PRIMARY KEY (key);
ALTER TABLE ONLY dataforce_released_files
    ADD CONSTRAINT dataforce_released_files_pkey PRIMARY KEY (id);
ALTER TABLE ONLY dataforce_revisions
    ADD CONSTRAINT dataforce_revisions_pkey PRIMARY KEY (id);
CREATE INDEX dataforce_bucket_secrets_by_age ON dataforce_bucket_secrets USING btree (organization_id, created_at, id);
CREATE INDEX dataforce_bucket_secrets_by_bucket_name_hash ON dataforce_bucket_secrets USING hash (bucket_name);
CREATE INDEX dataforce_bucket_secrets_by_parent ON dataforce_bucket_secrets USING btree (organization_id, id);
CREATE INDEX dataforce_collections_by_age ON dataforce_collections USING btree (orbit_id, created_at, id);
CREATE INDEX dataforce_collections_by_name_hash ON dataforce_collections USING hash (name);
CREATE INDEX dataforce_collections_by_parent ON dataforce_collections USING btree (orbit_id, id);
CREATE INDEX dataforce_model_artifacts_by_age ON dataforce_model_artifacts USING btree (collection_id, created_at, id);
CREATE INDEX dataforce_model_artifacts_by_file_name_hash ON dataforce_model_artifacts USING hash (file_name);
CREATE INDEX dataforce_model_artifacts_by_model_name_hash ON dataforce_model_artifacts USING hash (model_name);
CREATE INDEX dataforce_model_artifacts_by_parent ON dataforce_model_artifacts USING btree (collection_id, id);
CREATE INDEX dataforce_orbits_by_age ON dataforce_orbits USING btree (organization_id, created_at, id);
CREATE INDEX dataforce_orbits_by_name_hash ON dataforce_orbits USING hash (name);
CREATE INDEX dataforce_orbits_by_parent ON dataforce_orbits USING btree (organization_id, id);
CREATE INDEX dataforce_organizations_by_age ON dataforce_organizations USING btree (created_at, id);
CREATE INDEX ix_dataforce_cached_files_used ON dataforce_cached_files USING btree (used);
CREATE INDEX ix_dataforce_entries_revision ON dataforce_entries USING btree (revision);
CREATE INDEX ix_dataforce_entries_scope ON dataforce_entries USING btree (scope);
CREATE INDEX ix_dataforce_model_artifacts_content ON dataforce_model_artifacts USING btree (content);
CREATE INDEX ix_dataforce_orbits_bucket_secret_id ON dataforce_orbits USING btree (bucket_secret_id);
ALTER TABLE ONLY dataforce_bucket_secrets
    ADD CONSTRAINT dataforce_bucket_secrets_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES dataforce_organizations(id) ON DELETE CASCADE;
ALTER TABLE ONLY dataforce_collections
    ADD CONSTRAINT dataforce_collections_orbit_id_fkey FOREIGN KEY (orbit_id) REFERENCES dataforce_orbits(id) ON DELETE CASCADE;
ALTER TABLE ONLY dataforce_model_artifacts
    ADD CONSTRAINT dataforce_model_artifacts_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES dataforce_collections(id) ON DELETE CASCADE;
ALTER TABLE ONLY dataforce_orbits
    ADD CONSTRAINT dataforce_orbits_bucket_secret_id_fkey FOREIGN KEY (bucket_secret_id) REFERENCES dataforce_bucket_secrets(id);
ALTER TABLE ONLY dataforce_orbits
    ADD CONSTRAINT dataforce_orbits_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES dataforce_organizations(id) ON DELETE CASCADE;
