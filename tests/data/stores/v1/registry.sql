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
ALTER TABLE ONLY dataforce_released_files ALTER COLUMN id SET DEFAULT nextval('dataforce_released_files_id_seq'::regclass);
INSERT INTO dataforce_bucket_secrets VALUES ('01a215cb-7058-7503-bcec-56e562d94938', '01a215cb-7058-74d3-9c9c-549ecb0e17d2', 'localhost', 'local', NULL, NULL, NULL, '2026-11-26T02:59:43.832322Z', NULL);
INSERT INTO dataforce_bucket_secrets VALUES ('01a215cb-7083-7a3e-87ff-181160bdca65', '01a215cb-7058-74d3-9c9c-549ecb0e17d2', 's3.example', 'models', true, 'eu', NULL, '2026-11-26T02:59:43.875661Z', NULL);
INSERT INTO dataforce_collections VALUES ('01a215cb-709c-7a89-9e6c-4af3de958680', '01a215cb-708c-72ff-8873-97362d3ea9d8', '', 'Models', 'model', '["crm","churn"]', '2026-11-26T02:59:43.900684Z', NULL);
INSERT INTO dataforce_collections VALUES ('01a215cb-70a5-70f5-88df-b32143519488', '01a215cb-708c-72ff-8873-97362d3ea9d8', 'Data', 'Data sets', 'dataset', NULL, '2026-11-26T02:59:43.909086Z', '2026-11-26T02:59:43.916997Z');
INSERT INTO dataforce_model_artifacts VALUES ('01a215cb-70c4-71f3-b94d-a3f19fd3bfd3', '01a215cb-709c-7a89-9e6c-4af3de958680', 'ours.fnnx', 'ours', NULL, '{}', '{"variant":"pyfunc","name":null,"version":null,"description":null,"producer_name":"tests","producer_version":"1","producer_tags":[],"inputs":[],"outputs":[],"dynamic_attributes":[],"env_vars":[]}', '7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed', '{}', 'orbit-01a215cb-708c-72ff-8873-97362d3ea9d8/collection-01a215cb-709c-7a89-9e6c-4af3de958680/ab9d6bb4683443629ef6409dbe7c4cc3-ours.fnnx', 3, 'ab9d6bb4683443629ef6409dbe7c4cc3', NULL, 'uploaded', 'root', 'sha256/76/7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed', '2026-11-26T02:59:43.940144Z', NULL);
INSERT INTO dataforce_model_artifacts VALUES ('01a215cb-70d7-7218-8b28-5c428172f0f9', '01a215cb-709c-7a89-9e6c-4af3de958680', 'ours.fnnx', 'ours', 'Equal bytes', '{}', '{"variant":"pyfunc","name":null,"version":null,"description":null,"producer_name":"tests","producer_version":"1","producer_tags":[],"inputs":[],"outputs":[],"dynamic_attributes":[],"env_vars":[]}', '7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed', '{}', 'orbit-01a215cb-708c-72ff-8873-97362d3ea9d8/collection-01a215cb-709c-7a89-9e6c-4af3de958680/ef77a92345fe49b49201b2b8c19671e8-ours.fnnx', 3, 'ef77a92345fe49b49201b2b8c19671e8', '["twin"]', 'uploaded', 'root', 'sha256/76/7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed', '2026-11-26T02:59:43.959154Z', '2026-11-26T02:59:43.986489Z');
INSERT INTO dataforce_model_artifacts VALUES ('01a215cb-70e9-75b4-ade6-2cabab2c837e', '01a215cb-709c-7a89-9e6c-4af3de958680', 'ours.fnnx', 'ours', NULL, '{}', '{"variant":"pyfunc","name":null,"version":null,"description":null,"producer_name":"tests","producer_version":"1","producer_tags":[],"inputs":[],"outputs":[],"dynamic_attributes":[],"env_vars":[]}', '8b5b9db0c13db24256c829aa364aa90c6d2eba318b9232a4ab9313b954d3555f', '{}', 'orbit-01a215cb-708c-72ff-8873-97362d3ea9d8/collection-01a215cb-709c-7a89-9e6c-4af3de958680/15fb648e71b5432c8a33d7857be03bcb-ours.fnnx', 5, '15fb648e71b5432c8a33d7857be03bcb', NULL, 'pending_deletion', 'root', 'sha256/8b/8b5b9db0c13db24256c829aa364aa90c6d2eba318b9232a4ab9313b954d3555f', '2026-11-26T02:59:43.977379Z', '2026-11-26T02:59:43.997122Z');
INSERT INTO dataforce_model_artifacts VALUES ('01a215cb-7101-7ff0-a67e-f29d7468c43b', '01a215cb-709c-7a89-9e6c-4af3de958680', 'ours.fnnx', 'ours', NULL, '{}', '{"variant":"pyfunc","name":null,"version":null,"description":null,"producer_name":"tests","producer_version":"1","producer_tags":[],"inputs":[],"outputs":[],"dynamic_attributes":[],"env_vars":[]}', '62a2fed3d6e08c44835fce71f02210b1ddabfb066e39edf1e6c261988f824dd3', '{}', 'orbit-01a215cb-708c-72ff-8873-97362d3ea9d8/collection-01a215cb-709c-7a89-9e6c-4af3de958680/8a3204ae330941f683f5c9a4a915210b-ours.fnnx', 7, '8a3204ae330941f683f5c9a4a915210b', NULL, 'pending_upload', 'root', 'incoming/8a3204ae330941f683f5c9a4a915210b', '2026-11-26T02:59:44.002017Z', NULL);
INSERT INTO dataforce_model_artifacts VALUES ('01a215cb-7104-7e09-b377-687ec208cefe', '01a215cb-709c-7a89-9e6c-4af3de958680', 'ours.fnnx', 'ours', NULL, '{}', '{"variant":"pyfunc","name":null,"version":null,"description":null,"producer_name":"tests","producer_version":"1","producer_tags":[],"inputs":[],"outputs":[],"dynamic_attributes":[],"env_vars":[]}', '62a2fed3d6e08c44835fce71f02210b1ddabfb066e39edf1e6c261988f824dd3', '{}', 'orbit-01a215cb-708c-72ff-8873-97362d3ea9d8/collection-01a215cb-709c-7a89-9e6c-4af3de958680/5df59a7572974232bc2d113766216a12-ours.fnnx', 7, '5df59a7572974232bc2d113766216a12', NULL, 'upload_failed', 'root', 'incoming/5df59a7572974232bc2d113766216a12', '2026-11-26T02:59:44.004895Z', '2026-11-26T02:59:44.007826Z');
INSERT INTO dataforce_orbits VALUES ('01a215cb-705c-7467-afe7-09b25b96fd83', '01a215cb-7058-74d3-9c9c-549ecb0e17d2', 'Default Orbit', '01a215cb-7058-7503-bcec-56e562d94938', '2026-11-26T02:59:43.832322Z', NULL);
INSERT INTO dataforce_orbits VALUES ('01a215cb-708c-72ff-8873-97362d3ea9d8', '01a215cb-7058-74d3-9c9c-549ecb0e17d2', 'Second Orbit', '01a215cb-7083-7a3e-87ff-181160bdca65', '2026-11-26T02:59:43.884211Z', NULL);
INSERT INTO dataforce_organizations VALUES ('01a215cb-7058-74d3-9c9c-549ecb0e17d2', 'My Organization', NULL, '2026-11-26T02:59:43.832322Z', NULL);
INSERT INTO dataforce_organizations VALUES ('01a215cb-707f-701e-a76a-3ea11667e704', 'Döner & Söhne', NULL, '2026-11-26T02:59:43.871030Z', NULL);
INSERT INTO dataforce_registry VALUES ('schema_version', '1');
INSERT INTO dataforce_registry VALUES ('id', '01a215cb-7057-7063-9456-88b42c8c7bcd');
SELECT pg_catalog.setval('dataforce_released_files_id_seq', 5, true);
ALTER TABLE ONLY dataforce_bucket_secrets
    ADD CONSTRAINT dataforce_bucket_secrets_organization_id_endpoint_bucket_na_key UNIQUE (organization_id, endpoint, bucket_name);
ALTER TABLE ONLY dataforce_bucket_secrets
    ADD CONSTRAINT dataforce_bucket_secrets_pkey PRIMARY KEY (id);
ALTER TABLE ONLY dataforce_collections
    ADD CONSTRAINT dataforce_collections_pkey PRIMARY KEY (id);
ALTER TABLE ONLY dataforce_model_artifacts
    ADD CONSTRAINT dataforce_model_artifacts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY dataforce_orbits
    ADD CONSTRAINT dataforce_orbits_pkey PRIMARY KEY (id);
ALTER TABLE ONLY dataforce_organizations
    ADD CONSTRAINT dataforce_organizations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY dataforce_registry
    ADD CONSTRAINT dataforce_registry_pkey PRIMARY KEY (key);
ALTER TABLE ONLY dataforce_released_files
    ADD CONSTRAINT dataforce_released_files_pkey PRIMARY KEY (id);
CREATE INDEX dataforce_bucket_secrets_by_bucket_name_hash ON dataforce_bucket_secrets USING hash (bucket_name);
CREATE INDEX dataforce_bucket_secrets_by_parent ON dataforce_bucket_secrets USING btree (organization_id, id);
CREATE INDEX dataforce_collections_by_name_hash ON dataforce_collections USING hash (name);
CREATE INDEX dataforce_collections_by_parent ON dataforce_collections USING btree (orbit_id, id);
CREATE INDEX dataforce_model_artifacts_by_file_name_hash ON dataforce_model_artifacts USING hash (file_name);
CREATE INDEX dataforce_model_artifacts_by_model_name_hash ON dataforce_model_artifacts USING hash (model_name);
CREATE INDEX dataforce_model_artifacts_by_parent ON dataforce_model_artifacts USING btree (collection_id, id);
CREATE INDEX dataforce_orbits_by_name_hash ON dataforce_orbits USING hash (name);
CREATE INDEX dataforce_orbits_by_parent ON dataforce_orbits USING btree (organization_id, id);
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
