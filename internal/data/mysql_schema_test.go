// This file tests what is read of MariaDB's catalogue.

package data

import (
	"slices"
	"strings"
	"testing"

	mysqldriver "github.com/go-sql-driver/mysql"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// Tables of other databases are read where foreign keys lead to them, and are shown by name.
func TestMariaDBDatabases(t *testing.T) {
	s, other := zooOfMariaDB(t, plainConfig)
	if all := s.Schema().All(); !slices.Contains(all, other+".orders") {
		t.Errorf("%q", all)
	}
	note, _ := s.Schema().Table("order_note")
	if fk := note.ForeignKeys[0]; fk.RefTable != other+".orders" || fk.Usable || fk.OnDelete != SetNull {
		t.Errorf("%+v", fk)
	}
	s, other = zooOfMariaDB(t, func(other string) Config {
		return Config{Show: []string{"order_note", "shipment", "pair", "users", other + ".orders"}}
	})
	note, _ = s.Schema().Table("order_note")
	if fk := note.ForeignKeys[0]; !fk.Usable || !slices.Equal(fk.Columns, []string{"order_id"}) {
		t.Errorf("%+v", fk)
	}
	page, err := s.List(t.Context(), Query{Table: "order_note"})
	if err != nil {
		t.Fatal(err)
	}
	if ref := page.Rows[0].Cells[1].Ref; ref == nil || ref.Table != other+".orders" || ref.Label != "1" {
		t.Errorf("%+v", ref)
	}
	shipmentRefersToPair(t, s)
	users, _ := s.Schema().Table("users")
	relatedAre(t, s, newKey(users, []any{int64(1)}), "users1")
	bobIsChosen(t, s, "users", "boss")
	preview, err := s.DeletePreview(t.Context(), "users", newKey(users, []any{int64(1)}))
	if err != nil || len(preview.Forbid) != 1 {
		t.Errorf("%+v, %v", preview, err)
	}
}

func TestMariaDBTables(t *testing.T) {
	s, _ := zooOfMariaDB(t, plainConfig)
	identitiesAre(t, s, map[string]Identity{
		"nokey": {}, "pair": {Columns: []string{"n", "k"}}, "unique_only": {Columns: []string{"code"}}, "nullable_unique": {}, "long_unique": {}, "prefix_key": {Columns: []string{"t"}},
		"good_view": {}, "measured": {Columns: []string{"at", "v"}}, "keyed_by_big": {Columns: []string{"id"}},
	})
	rowsAreCounted(t, s, map[string]int64{"measured": 100, "versioned": 1})
	areReadOnly(t, s, map[string]string{"good_view": "view", "users": "", "old": "MyISAM has no transactions"})
	computed, _ := s.Schema().Table("computed")
	columnsAre(t, computed, map[string]func(c *Column) bool{
		"id": func(c *Column) bool {
			return c.Assigned && !c.Nullable && c.PrimaryKey == 1 && c.Indexed && c.Type == "bigint(20) unsigned"
		},
		"twice":   func(c *Column) bool { return c.Generated && !c.HasDefault && slices.Equal(c.reads, []string{"price"}) },
		"thrice":  func(c *Column) bool { return c.Generated && slices.Equal(c.reads, []string{"price"}) },
		"made":    func(c *Column) bool { return c.HasDefault && c.Default == "current_timestamp()" },
		"changed": func(c *Column) bool { return c.Default == "current_timestamp() ON UPDATE current_timestamp()" },
		"unseen":  func(c *Column) bool { return c.HasDefault && c.Default == "7" },
		"flag": func(c *Column) bool {
			truth, known := c.DefaultTruth()
			return truth && known
		},
		"word":  func(c *Column) bool { return c.Default == "'it''s'" || c.Default == `'it\'s'` },
		"price": func(c *Column) bool { return c.Scale == 2 && !c.HasDefault && c.Nullable },
	})
	if len(computed.checks) != 1 || computed.checks[0].name != "dear" || !slices.Equal(computed.checks[0].columns, []string{"price"}) {
		t.Errorf("%+v", computed.checks)
	}
	users, _ := s.Schema().Table("users")
	areMasked(t, s, map[string][]string{"users": {"password_hash"}})
	if len(users.triggers) != 1 || users.triggers[0].on != Modification {
		t.Errorf("%+v", users.triggers)
	}
	estimates, err := s.Estimates(t.Context())
	if err != nil || estimates["good_view"] != -1 || estimates["measured"] < 50 || estimates["measured"] > 200 {
		t.Errorf("%v, %v", estimates["measured"], err)
	}
}

// What the user of the database may not read is not shown.
func TestMariaDBPrivileges(t *testing.T) {
	server := testserver.SharedMariaDB(t)
	admin := connectMariaDB(t, server.DSN())
	user := "reader_" + server.Database
	here := "`" + server.Database + "`."
	for _, statement := range []string{
		`CREATE TABLE open_table (id integer PRIMARY KEY, name text)`, `INSERT INTO open_table VALUES (1, 'a')`,
		`CREATE TABLE closed_table (id integer PRIMARY KEY)`, `CREATE TABLE half (id integer PRIMARY KEY, shown text, kept text, closed integer, FOREIGN KEY (closed) REFERENCES closed_table (id))`,
		`INSERT INTO half VALUES (1, 'yes', 'no', NULL)`, `CREATE TABLE account (id integer PRIMARY KEY, password_hash text)`,
		`CREATE VIEW told AS SELECT id, password_hash AS p FROM account`, `CREATE VIEW untold AS SELECT id, password_hash AS p FROM account`,
		`CREATE USER ` + user + ` IDENTIFIED BY 'canary'`, `GRANT SELECT ON ` + here + `open_table TO ` + user, `GRANT SELECT (id, shown, closed) ON ` + here + `half TO ` + user,
		`GRANT SELECT ON ` + here + `account TO ` + user, `GRANT SELECT, SHOW VIEW ON ` + here + `told TO ` + user, `GRANT SELECT ON ` + here + `untold TO ` + user,
	} {
		if _, err := admin.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	t.Cleanup(func() { _, _ = admin.Exec("DROP USER " + user) })
	cfg, err := mysqldriver.ParseDSN(server.DSN())
	if err != nil {
		t.Fatal(err)
	}
	cfg.User, cfg.Passwd = user, "canary"
	s, err := Open(t.Context(), connectMariaDB(t, cfg.FormatDSN()), Config{})
	if err != nil {
		t.Fatal(err)
	}
	if all := s.Schema().All(); !slices.Equal(all, []string{"account", "half", "open_table", "told", "untold"}) {
		t.Errorf("%q", all)
	}
	halfOfColumnsIsShown(t, s)
	for _, name := range []string{"told", "untold"} {
		view, _ := s.Schema().Table(name)
		if c, _ := view.Column("p"); !c.Masked {
			t.Errorf("%s shows a secret", name)
		}
		if page, err := s.List(t.Context(), Query{Table: name, Filters: []Filter{{"id", OpEq, []string{"1"}}}}); name == "told" && err != nil {
			t.Errorf("%s: %+v, %v", name, page, err)
		}
	}
	if _, err := admin.ExecContext(t.Context(), "REVOKE SELECT ON "+here+"open_table FROM "+user); err != nil {
		t.Fatal(err)
	}
	if _, err := s.List(t.Context(), Query{Table: "open_table"}); err == nil || !strings.Contains(err.Error(), "does not let this user do that") || strings.Contains(err.Error(), "canary") {
		t.Error(err)
	}
}

// A view that shows a secret under another name is masked, and a harmless one is not.
func TestMariaDBViewsOfSecrets(t *testing.T) {
	s := mariaSource(t, Config{}, `CREATE TABLE account (id integer PRIMARY KEY, name text, password_hash text)`,
		`CREATE VIEW renamed AS SELECT id, name, password_hash AS p FROM account`,
		`CREATE VIEW hidden_in AS SELECT id, concat(upper(password_hash), 'it''s \\ "x"') AS shouted, name FROM account`,
		`CREATE VIEW casted AS SELECT id, CAST(password_hash AS char(10)) AS c, concat(name, '\'') AS n FROM account`,
		`CREATE VIEW of_view AS SELECT p AS q, id FROM renamed`,
		`CREATE VIEW joined AS SELECT a.id, b.password_hash AS h, a.name FROM account a JOIN account b USING (id)`,
		`CREATE VIEW harmless AS SELECT id, name FROM account WHERE password_hash IS NOT NULL`,
		`CREATE TABLE derived (id integer PRIMARY KEY, password_hash varchar(100), size integer AS (length(password_hash)) STORED)`)
	areMasked(t, s, map[string][]string{
		"renamed": {"p"}, "hidden_in": {"shouted"}, "casted": {"c"}, "of_view": {"q"}, "joined": {"h"}, "derived": {"size"},
	})
	harmless, _ := s.Schema().Table("harmless")
	renamed, _ := s.Schema().Table("renamed")
	for _, view := range []*Table{harmless, renamed} {
		if c, _ := view.Column("name"); c.Masked {
			t.Errorf("%s.name is masked: %s", view.Name, c.veiled)
		}
	}
}
