package main

// This file holds docs/databases.md to its word: the grants are executed, and the panel is opened
// with the user who has them; the tables of the catalogue are those that are read.

import (
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/programtest"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// chapter is what docs/databases.md says of an engine.
func chapter(t *testing.T, engine string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/databases.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "\n## "+engine+"\n")
	if !found {
		t.Fatalf("docs/databases.md has no chapter on %s", engine)
	}
	one, _, _ := strings.Cut(after, "\n## ")
	return one
}

// grants are the statements of a chapter, for this database and with this user in the place of
// panel.
func grants(t *testing.T, chapter, database, owner, user string) []string {
	t.Helper()
	block := regexp.MustCompile("(?s)```sql\n(.*?)\n```").FindStringSubmatch(chapter)
	if block == nil {
		t.Fatal("the chapter has no grants")
	}
	var statements []string
	for statement := range strings.SplitSeq(block[1], "\n") {
		for name, own := range map[string]string{"shop": database, "owner": owner, "panel": user} {
			statement = regexp.MustCompile(`\b`+name+`\b`).ReplaceAllString(statement, own)
		}
		statements = append(statements, strings.TrimSuffix(statement, ";"))
	}
	return statements
}

// theGrantsAreEnough lists and edits with the user who has them: in a table that was there, and in
// one that was made later.
func theGrantsAreEnough(t *testing.T, address string, granted []string, user, later string) {
	t.Helper()
	db := adminDB(t, address)
	change(t, db, "CREATE TABLE cities (id SERIAL PRIMARY KEY, name varchar(50) NOT NULL)")
	change(t, db, "CREATE TABLE customers (id SERIAL PRIMARY KEY, name varchar(50) NOT NULL, city_id "+later+", FOREIGN KEY (city_id) REFERENCES cities (id))")
	change(t, db, "INSERT INTO cities (name) VALUES ('Berlin')")
	change(t, db, "INSERT INTO customers (name, city_id) VALUES ('Ann Existing', 1)")
	for _, statement := range granted {
		change(t, db, statement)
	}
	change(t, db, "CREATE TABLE later (id SERIAL PRIMARY KEY, name varchar(50) NOT NULL)")
	change(t, db, "INSERT INTO later (name) VALUES ('made later')")
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(user, "a long password")
	n := startOver(t, u.String(), dataDir(t))
	defer n.end(t)
	visitor := (&programtest.Program{URL: n.url, Username: "admin", Password: nodePassword}).SignIn(t)
	if p := visitor.Get("m/customers"); p.Status != http.StatusOK || !strings.Contains(p.Body, "Ann Existing") || !strings.Contains(p.Body, "m/cities/1") {
		t.Errorf("the list: %d, or it does not lead to the city", p.Status)
	}
	for _, table := range []string{"customers", "later"} {
		if p := edit(visitor, "m/"+table+"/1/edit", "m/"+table+"/1/edit", "name", "Changed"); p.Status != http.StatusOK {
			t.Errorf("the save in %s: %d", table, p.Status)
		}
		if p := edit(visitor, "m/"+table+"/new", "m/"+table+"/", "name", "New"); p.Status != http.StatusOK {
			t.Errorf("the new record in %s: %d", table, p.Status)
		}
		var names string
		if err := db.QueryRowContext(t.Context(), "SELECT concat(min(name), ' ', max(name)) FROM "+table).Scan(&names); err != nil || names != "Changed New" {
			t.Errorf("%s has %q, %v", table, names, err)
		}
		remove := visitor.Get("m/" + table + "/2/delete")
		if p := visitor.Post("m/"+table+"/2/delete", remove.Fields("hidden")); p.Status != http.StatusOK {
			t.Errorf("the deletion in %s: %d", table, p.Status)
		}
	}
}

func TestGrantsOfPostgreSQLAreEnough(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	t.Parallel()
	server := testserver.SharedPostgres(t)
	user := "panel_" + server.Database
	theGrantsAreEnough(t, server.URL(), grants(t, chapter(t, "PostgreSQL"), server.Database, server.User, user), user, "integer")
}

func TestGrantsOfMariaDBAreEnough(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	t.Parallel()
	server := testserver.SharedMariaDB(t)
	user := "panel_" + server.Database
	theGrantsAreEnough(t, server.URL(), grants(t, chapter(t, "MySQL and MariaDB"), server.Database, "", user), user, "bigint unsigned")
}

// The tables of the catalogue that the chapters name are those that the panel reads.
func TestTheCatalogueThatIsReadIsDocumented(t *testing.T) {
	t.Parallel()
	for engine, c := range map[string]struct{ files, read, named string }{
		"PostgreSQL":        {"postgres*.go", `pg_catalog\.(pg_\w+)(?:[^\w(]|$)`, "`(pg_[a-z_]+)`"},
		"MySQL and MariaDB": {"mysql*.go", `information_schema\.([A-Z_]+)\b`, "`([A-Z_]+)`"},
	} {
		paths, err := filepath.Glob("../../internal/data/" + c.files)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: no files, %v", engine, err)
		}
		read := map[string]bool{}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range regexp.MustCompile(c.read).FindAllStringSubmatch(string(text), -1) {
				read[match[1]] = true
			}
		}
		paragraph := regexp.MustCompile(`(?s)\*\*Read of the catalogue\*\*.*?\n\n`).FindString(chapter(t, engine))
		named := map[string]bool{}
		for _, match := range regexp.MustCompile(c.named).FindAllStringSubmatch(paragraph, -1) {
			named[match[1]] = true
		}
		if got, want := slices.Sorted(maps.Keys(named)), slices.Sorted(maps.Keys(read)); !slices.Equal(got, want) {
			t.Errorf("docs/databases.md: of the catalogue of %s are read\n%v, and named\n%v", engine, want, got)
		}
	}
}
