// What servers say of themselves: engines that only look like PostgreSQL or MySQL are told apart.

package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// lookalikes are engines that speak the protocol of another one, by a part of version(), or of
// MySQL's version_comment. Their locks and transactions are not those of that engine: advisory
// locks are missing or do nothing (CockroachDB, YugabyteDB, Redshift), or are each node's own
// (Greenplum); transactions end at a shard (Vitess, PlanetScale), or are of another kind. Products
// that are the engine itself, such as Aurora, AlloyDB, Percona and RDS, are not among them.
var lookalikes = map[Engine]map[string]string{
	PostgreSQL: {
		"-yb-": "YugabyteDB", "redshift": "Redshift", "greenplum": "Greenplum", "cloudberry": "Cloudberry", "cockroachdb": "CockroachDB", "cratedb": "CrateDB",
		"materialize": "Materialize", "risingwave": "RisingWave", "questdb": "QuestDB", "opengauss": "openGauss", "gaussdb": "GaussDB", "dsql": "Aurora DSQL",
	},
	MySQL: {
		"tidb": "TiDB", "vitess": "Vitess", "planetscale": "PlanetScale", "oceanbase": "OceanBase", "singlestore": "SingleStore", "memsql": "SingleStore", "starrocks": "StarRocks",
		"doris": "Doris", "dolt": "Dolt", "clustrix": "Xpand", "xpand": "Xpand", "tddl": "PolarDB-X", "polardb-x": "PolarDB-X", "databend": "Databend", "greptime": "GreptimeDB",
		"clickhouse": "ClickHouse",
	},
}

// own are the forms of version() that an engine itself has. PostgreSQL's is made when it is built
// (configure.ac, PG_VERSION_STR) and names the compiler, which others do not imitate to the end:
// Aurora DSQL says "PostgreSQL 16", and Greenplum goes on after it. MySQL's and MariaDB's is a
// version of at most three parts, and a suffix.
var own = map[Engine]*regexp.Regexp{
	PostgreSQL: regexp.MustCompile(`^PostgreSQL (\d+)(\D.*), compiled by .*, (?:32|64)-bit$`),
	MySQL:      regexp.MustCompile(`^(\d+)\.(\d+)(?:\.\d+)?(?:[-+].*)?$`),
}

// oldest are the versions that are supported.
const (
	oldestPostgreSQL   = 13 // 2020
	oldestMySQL        = 8  // 2018
	oldestMariaDBMajor = 10 // 10.6, 2021
	oldestMariaDBMinor = 6
)

// Itself returns nil if what a server says is what the engine itself says, in a version that is
// supported: version() and, on MySQL, version_comment. Otherwise the error is an [ErrEngine] that
// says in one sentence what it is.
func (e Engine) Itself(version, comment string) error {
	if name := e.lookalike(version, comment); name != "" {
		return e.another(name, version, comment)
	}
	parts := own[e].FindStringSubmatch(version)
	if parts == nil {
		return e.another("it", version, comment)
	}
	major, minor := number(parts[1]), number(parts[2]) // PostgreSQL's minor one is not asked for
	switch {
	case e == PostgreSQL && major < oldestPostgreSQL:
		return tooOld("PostgreSQL", version, strconv.Itoa(oldestPostgreSQL))
	case e == PostgreSQL:
	case MariaDB(version, comment):
		if major < oldestMariaDBMajor || major == oldestMariaDBMajor && minor < oldestMariaDBMinor {
			return tooOld("MariaDB", version, fmt.Sprintf("%d.%d", oldestMariaDBMajor, oldestMariaDBMinor))
		}
	case major < oldestMySQL:
		return tooOld("MySQL", version, fmt.Sprintf("%d.0", oldestMySQL))
	}
	return nil
}

// MariaDB says whether a server that is MySQL or MariaDB, by its version() and version_comment, is
// MariaDB.
func MariaDB(version, comment string) bool {
	return strings.Contains(strings.ToLower(version+comment), "mariadb")
}

// lookalike is the name of an engine that only looks like this one; empty if there is none.
func (e Engine) lookalike(version, comment string) string {
	said := strings.ToLower(version + " " + comment)
	for part, name := range lookalikes[e] {
		if strings.Contains(said, part) {
			return name
		}
	}
	return ""
}

// number is 0 where the text is not one.
func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

func tooOld(name, version, oldest string) error {
	return fmt.Errorf("the database is %.100q, and %s before %s is not supported: %w, of a supported version", version, name, oldest, ErrEngine)
}

// another says that it is another engine.
func (e Engine) another(name, version, comment string) error {
	what := "is not PostgreSQL itself"
	if e == MySQL {
		what = "is neither MySQL nor MariaDB itself"
	}
	about := ""
	if comment != "" {
		about = fmt.Sprintf(" (%.100q)", comment)
	}
	return fmt.Errorf("the database is %.200q%s: %s %s, whose locks and transactions are needed: %w", version, about, name, what, ErrEngine)
}

// itself asks a server what Itself looks at.
func (e Engine) itself(ctx context.Context, db *sql.DB, version string) error {
	if e != MySQL || e.lookalike(version, "") != "" {
		return e.Itself(version, "")
	}
	var comment string
	err := db.QueryRowContext(ctx, "SELECT @@version_comment").Scan(&comment)
	switch {
	case err == nil:
		return e.Itself(version, comment)
	case e.Fault(err).Passes():
		return err
	}
	return fmt.Errorf("%w: %w", e.another("it", version, ""), err)
}
