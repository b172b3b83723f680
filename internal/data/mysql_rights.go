// This file finds out what the user of a MySQL or MariaDB database may write.

package data

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/internal/text"
)

// ownGrantee is how tables of rights name the user.
const ownGrantee = "CONCAT('''', LEFT(CURRENT_USER(), CHAR_LENGTH(CURRENT_USER()) - CHAR_LENGTH(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)) - 1), '''@''', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''')"

// maxAskedRights is of how many tables the server is asked whether the user may delete from them.
const maxAskedRights = 1000

// lackAll takes it that the user may not write to a table, until rights are read.
func (t *Table) lackAll() {
	t.lacks = map[Operation]text.Message{}
	for _, op := range []Operation{Insertion, Modification, Deletion} {
		t.lacks[op] = text.RightLacks(string(op))
	}
}

// columnRights notes what the catalogue says that the user may do with a column, and returns the
// writes that may not set it.
func (t *Table) columnRights(privileges []string) (withheld []Operation) {
	for _, op := range []Operation{Insertion, Modification} {
		if slices.Contains(privileges, strings.ToLower(string(op))) {
			delete(t.lacks, op)
		} else {
			withheld = append(withheld, op)
		}
	}
	return withheld
}

// readRights finds out of which tables the user may delete rows; rights of columns came with them.
// Where no right that was granted to the user says so, a pattern or a role may: the server is asked
// how it would delete nothing.
func (c *mysqlCatalogue) readRights(ctx context.Context, db *sql.DB) error {
	granted := map[[2]string]bool{}
	query := "SELECT '' AS db, '' AS name FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE = 'DELETE' AND GRANTEE = " + ownGrantee +
		" UNION ALL SELECT TABLE_SCHEMA, '' FROM information_schema.SCHEMA_PRIVILEGES WHERE PRIVILEGE_TYPE = 'DELETE' AND GRANTEE = " + ownGrantee +
		" UNION ALL SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLE_PRIVILEGES WHERE PRIVILEGE_TYPE = 'DELETE' AND GRANTEE = " + ownGrantee
	err := records(ctx, newReadingPool(c.d, db), fragment{text: query}, func(r record) {
		granted[[2]string{strings.ReplaceAll(r["db"], `\_`, "_"), r["name"]}] = true
	})
	if err != nil {
		return err
	}
	asked := 0
	for _, t := range c.schema.Tables {
		if t.ReadOnly != "" || len(t.Columns) == 0 {
			t.lacks = nil // that is why, or it is not shown
			continue
		}
		may := granted[[2]string{}] || granted[[2]string{t.schema, ""}] || granted[[2]string{t.schema, t.bare}]
		if !may && asked < maxAskedRights {
			asked++
			may = c.deletes(ctx, db, t)
		}
		if may {
			delete(t.lacks, Deletion)
		}
		if len(t.lacks) == 3 {
			t.ReadOnly = "the panel's user of the database may only read it"
		}
		for _, column := range t.Columns {
			typ := mysqlTypeOf(column)
			if len(column.withheld) == 2 && typ.fixed == "" && (t.lacks[Insertion] == nil || t.lacks[Modification] == nil) {
				typ.fixed = "may not be set by the panel's user of the database"
			}
		}
	}
	return nil
}

// deletes asks whether the user may delete rows of a table.
func (c *mysqlCatalogue) deletes(ctx context.Context, db *sql.DB, t *Table) bool {
	err := records(ctx, db, fragment{text: "EXPLAIN DELETE t FROM " + c.d.from(t) + " WHERE 1 = 0"}, func(record) {})
	return sqldb.MySQL.Fault(err) != sqldb.Forbidden
}
