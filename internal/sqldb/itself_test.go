// What servers say of themselves, as they are known to say it.

package sqldb_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// Engines that only look like one of ours are refused in one sentence that names them, before they
// are sent anything else, and products that are the engine itself are not.
func TestLookalikesAreToldApart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version, comment string
		want             string // what is said; empty: the engine itself
	}{
		{"PostgreSQL 15.14 (Debian 15.14-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14+deb12u1) 12.2.0, 64-bit", "", ""},
		{"PostgreSQL 13.0 on x86_64-pc-linux-musl, compiled by gcc (Alpine 9.3.0) 9.3.0, 64-bit", "", ""},
		{"PostgreSQL 13.20, compiled by Visual C++ build 1942, 64-bit", "", ""},
		{"PostgreSQL 17.0 on x86_64-windows, compiled by msvc-19.41.34120, 64-bit", "", ""},
		{"PostgreSQL 18beta1 on aarch64-unknown-linux-gnu, compiled by gcc (GCC) 14, 64-bit", "", ""},
		{"PostgreSQL 16.1 - Percona Distribution on x86_64-pc-linux-gnu, compiled by gcc (GCC) 8.5.0, 64-bit", "", ""},
		{"PostgreSQL 15.2 (EnterpriseDB Advanced Server 15.2.0) on x86_64-pc-linux-gnu, compiled by gcc, 64-bit", "", ""},
		{"PostgreSQL 13.3 on x86_64-pc-linux-gnu, compiled by x86_64-pc-linux-gnu-gcc (GCC) 7.4.0, 64-bit", "", ""}, // Aurora, RDS
		{"PostgreSQL 12.22 on x86_64-pc-linux-gnu, compiled by gcc (GCC) 13, 64-bit", "", "PostgreSQL before 13 is not supported"},
		{"PostgreSQL 9.6.24 on x86_64-pc-linux-gnu, compiled by gcc (GCC) 13, 64-bit", "", "PostgreSQL before 13 is not supported"},
		{"CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023/09/27 01:53:43, go1.19.10)", "", "CockroachDB"},
		{"PostgreSQL 11.2-YB-2.18.0.1-b0 on x86_64-pc-linux-gnu, compiled by clang version 15.0.3, 64-bit", "", "YugabyteDB is not PostgreSQL itself"},
		{"PostgreSQL 15.2-YB-2025.1.0.0-b0 on aarch64-unknown-linux-gnu, compiled by clang version 17, 64-bit", "", "YugabyteDB is not PostgreSQL itself"},
		{"PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.12103", "", "Redshift is not PostgreSQL itself"},
		{"PostgreSQL 12.12 (Greenplum Database 7.0.0 build commit:0a7a3566) on x86_64-pc-linux-gnu, compiled by gcc (GCC) 8.5.0, 64-bit compiled on Sep 1 2023", "", "Greenplum is not PostgreSQL itself"},
		{"PostgreSQL 14.4 (Apache Cloudberry 2.0.0 build 1) on x86_64-pc-linux-gnu, compiled by gcc (GCC) 11, 64-bit compiled on May 2 2025", "", "Cloudberry is not PostgreSQL itself"},
		{"PostgreSQL 16", "", "it is not PostgreSQL itself"}, // Aurora DSQL
		{"PostgreSQL 12.3, compiled by Visual C++ build 1914, 64-bit, QuestDB", "", "QuestDB is not PostgreSQL itself"},
		{"PostgreSQL 13.14.0-RisingWave-2.0.1 (0d15632)", "", "RisingWave is not PostgreSQL itself"},
		{"PostgreSQL 14.0 (a server that nobody knows)", "", "it is not PostgreSQL itself"},
		{"CrateDB 5.4.0 (built 2023-07-11T12:34:56Z, Linux 5.10 amd64, OpenJDK 64-Bit Server VM 20.0.1+9)", "", "CrateDB"},
		{"(openGauss 5.0.0 build a07d57c3) compiled at 2023-03-29 03:09:38 on x86_64-unknown-linux-gnu, compiled by g++, 64-bit", "", "openGauss"},

		{"8.0.36", "MySQL Community Server - GPL", ""},
		{"8.4.2-commercial", "MySQL Enterprise Server - Commercial", ""},
		{"9.1.0", "MySQL Community Server - GPL", ""},
		{"8.0.35-27", "Percona Server (GPL), Release 27, Revision 2f8eeab", ""},
		{"8.0.28", "Source distribution", ""}, // Aurora, RDS
		{"8.0.39-0ubuntu0.22.04.1", "(Ubuntu)", ""},
		{"10.6.0-MariaDB", "mariadb.org binary distribution", ""},
		{"10.11.6-MariaDB-0+deb12u1", "Debian 12", ""},
		{"11.4.2-MariaDB-ubu2404", "mariadb.org binary distribution", ""},
		{"10.5.9-MariaDB", "mariadb.org binary distribution", "MariaDB before 10.6 is not supported"},
		{"10.5.9", "mariadb.org binary distribution", "MariaDB before 10.6 is not supported"},
		{"5.5.68-MariaDB", "MariaDB Server", "MariaDB before 10.6 is not supported"},
		{"5.7.44-log", "MySQL Community Server (GPL)", "MySQL before 8.0 is not supported"},
		{"8.0.11-TiDB-v7.5.0", "TiDB Server (Apache License 2.0) Community Edition", "TiDB is neither MySQL nor MariaDB itself"},
		{"5.7.25-TiDB-v6.5.0", "TiDB Server (Apache License 2.0)", "TiDB is neither MySQL nor MariaDB itself"},
		{"8.0.30-Vitess", "Version: 18.0.2", "Vitess is neither MySQL nor MariaDB itself"},
		{"8.0.34-PlanetScale", "Version: 18.0.2", "PlanetScale is neither MySQL nor MariaDB itself"},
		{"5.7.32", "SingleStoreDB source distribution (compatible; MySQL Enterprise & MySQL Commercial)", "SingleStore is neither MySQL nor MariaDB itself"},
		{"8.0.35", "SingleStoreDB source distribution", "SingleStore is neither MySQL nor MariaDB itself"},
		{"5.7.25-OceanBase-v4.2.1.0", "OceanBase 4.2.1.0", "OceanBase is neither MySQL nor MariaDB itself"},
		{"8.0.33", "StarRocks version 3.3.0", "StarRocks is neither MySQL nor MariaDB itself"},
		{"8.0.33", "Dolt", "Dolt is neither MySQL nor MariaDB itself"},
		{"23.8.1.2992", "a comment", "it is neither MySQL nor MariaDB itself"}, // ClickHouse
		{"8.0.33", "", "it is neither MySQL nor MariaDB itself"},               // no version_comment
		{"Some Database 12", "", "want SQLite, PostgreSQL, MySQL or MariaDB"},
	} {
		server := &testserver.Saying{Version: c.version, Comment: c.comment}
		db := server.Open()
		engine, version, err := sqldb.Detect(t.Context(), db)
		_ = db.Close()
		switch {
		case server.Asked() > 0:
			t.Errorf("%s: %d other statements", c.version, server.Asked())
		case c.want == "" && (err != nil || version != c.version || engine == "" || engine == sqldb.SQLite):
			t.Errorf("%s: %q, %q, %v", c.version, engine, version, err)
		case c.want == "":
		case !errors.Is(err, sqldb.ErrEngine) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.version) || strings.Contains(err.Error(), "\n"):
			t.Errorf("%s: %v, want %q", c.version, err, c.want)
		}
	}
}
