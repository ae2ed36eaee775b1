-- CREATE TABLE not_this (a int);
/* CREATE TABLE nor_this (a int); */
CREATE TYPE "Status" AS ENUM ('open', 'closed');
CREATE TABLE IF NOT EXISTS shop."orders" (
    id bigint PRIMARY KEY, -- CREATE TABLE inner
    total numeric(10, 2) DEFAULT 0,
    note text DEFAULT 'CREATE TABLE text (x)',
    CONSTRAINT total_positive CHECK (total >= 0)
);
CREATE UNIQUE INDEX orders_note ON shop.orders (note);
ALTER TABLE ONLY shop.orders ADD COLUMN state text;
CREATE OR REPLACE FUNCTION touch() RETURNS trigger AS $$
BEGIN CREATE TABLE hidden (a int); END
$$ LANGUAGE plpgsql;
DROP TABLE IF EXISTS old_orders;
