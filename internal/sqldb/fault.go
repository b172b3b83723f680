// Faults: what the errors of drivers mean.

package sqldb

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"net"
	"strings"
)

// Fault is what an error of a driver means.
type Fault int

const (
	// None means: there is no error.
	None Fault = iota
	// Refused means: the database answered that it did nothing, for a reason that has no name here.
	Refused
	// Unsent means: the statement never reached the database. Of a COMMIT this cannot be known, see
	// [Fault.Undecided].
	Unsent
	// Lost means: there was no answer, or the connection ended before it. Whether the statement was
	// done is not known.
	Lost
	// Starting means: the server is starting or stopping, and lets nobody in.
	Starting
	// Locked means: another connection holds a lock of the SQLite file. Nothing was done.
	Locked
	// Conflict means: the database refused the transaction because of another one: a serialization
	// failure, a deadlock, a lock that was waited for too long. The caller rolls back, and can try
	// the whole transaction again.
	Conflict
	// Duplicate means: a unique or primary key is there already.
	Duplicate
	// Constraint means: the write breaks another rule of its table, such as NOT NULL, CHECK or a
	// foreign key. On SQLite it is also what a trigger raises.
	Constraint
	// Outdated means: the plan of the statement is out of date. It did nothing, and can be prepared
	// anew.
	Outdated
	// Full means: the disk is full, or the space that the database may take.
	Full
	// Broken means: the file of the database cannot be opened or read, or is not a database.
	Broken
	// ReadOnly means: the database, or the transaction, takes no writes; a standby does not either.
	ReadOnly
	// Forbidden means: the user of the database lacks a right.
	Forbidden
	// NoEntry means: the server does not let this user into this database.
	NoEntry
	// NoSchema means: there is no schema, or no database is chosen, to keep tables in.
	NoSchema
	// Unstorable means: a character has no place in the character set of the database or the
	// connection.
	Unstorable
)

// NoAnswer reports whether the database gave no answer.
func (f Fault) NoAnswer() bool { return f == Lost || f == Unsent }

// Undecided reports whether what ended with this fault may have been done. committing says that it
// was a COMMIT: drivers say that one was never sent when the connection broke while they waited for
// the answer (pgx does).
func (f Fault) Undecided(committing bool) bool { return f == Lost || committing && f == Unsent }

// Passes reports whether the same statement can succeed a little later, without anybody's help.
func (f Fault) Passes() bool {
	return f.NoAnswer() || f == Starting || f == Locked || f == Conflict
}

// Fault says what an error of a driver of the engine means. With the zero Engine only answers of
// servers are told apart; every other error is Lost.
func (e Engine) Fault(err error) Fault {
	switch {
	case err == nil:
		return None
	case strings.Contains(err.Error(), databaseClosed):
		return Unsent
	}
	switch e {
	case SQLite:
		return sqliteFault(err)
	case PostgreSQL:
		return postgresqlFault(err)
	case MySQL:
		return mysqlFault(err)
	}
	if SQLState(err) != "" {
		return postgresqlFault(err)
	}
	return mysqlFault(err)
}

// Owns reports whether an error comes from the engine or its driver, and not from the program.
func (e Engine) Owns(err error) bool {
	switch e {
	case SQLite:
		return sqliteCode(err) >= 0
	case PostgreSQL:
		return SQLState(err) != ""
	default:
		return MySQLNumber(err) != 0
	}
}

// databaseClosed is the text of database/sql's error of a pool that was closed, which has no name
// there.
const databaseClosed = "sql: database is closed"

// unanswered is the fault of an error that is not an answer of the database.
func unanswered(err error) Fault {
	if errors.Is(err, driver.ErrBadConn) {
		return Unsent
	}
	if network, ok := errors.AsType[*net.OpError](err); ok && network.Op == "dial" {
		return Unsent
	}
	return Lost
}

// sqliteFaults are those of SQLite's result codes (sqlite.org/rescode.html): of the extended code,
// or else of the primary one, which is its lowest byte. Others are Refused.
var sqliteFaults = map[int]Fault{
	5:  Locked,     // SQLITE_BUSY
	6:  Locked,     // SQLITE_LOCKED: a table, under a shared cache
	8:  ReadOnly,   // SQLITE_READONLY
	9:  Lost,       // SQLITE_INTERRUPT: the context ended
	10: Broken,     // SQLITE_IOERR
	13: Full,       // SQLITE_FULL
	14: Broken,     // SQLITE_CANTOPEN
	15: Locked,     // SQLITE_PROTOCOL: the lock of a file in WAL mode
	17: Outdated,   // SQLITE_SCHEMA
	19: Constraint, // SQLITE_CONSTRAINT
	26: Broken,     // SQLITE_NOTADB

	517:  Conflict,  // SQLITE_BUSY_SNAPSHOT: another transaction wrote since this one has read
	1555: Duplicate, // SQLITE_CONSTRAINT_PRIMARYKEY
	2067: Duplicate, // SQLITE_CONSTRAINT_UNIQUE
	2579: Duplicate, // SQLITE_CONSTRAINT_ROWID
}

// sqliteTexts are the faults of SQLite's own texts, for drivers that do not tell the code.
var sqliteTexts = []struct {
	text  string
	fault Fault
}{
	{"UNIQUE constraint failed", Duplicate},
	{"database is locked", Locked},
	{"database table is locked", Locked},
	{"database schema is locked", Locked},
	{"locking protocol", Locked},
	{"schema has changed", Outdated},
	{"readonly database", ReadOnly},
	{"database or disk is full", Full},
	{"unable to open database file", Broken},
	{"file is not a database", Broken},
	{"disk I/O error", Broken},
	{"interrupted", Lost},
}

// sqliteCode is the extended result code of an error where the driver tells it, else -1.
func sqliteCode(err error) int {
	coded, ok := errors.AsType[interface {
		error
		Code() int
	}](err)
	if !ok {
		return -1
	}
	return coded.Code()
}

func sqliteFault(err error) Fault {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return Lost
	}
	if errors.Is(err, driver.ErrBadConn) {
		return Unsent
	}
	if code := sqliteCode(err); code >= 0 {
		return cmp.Or(sqliteFaults[code], sqliteFaults[code&0xff], Refused)
	}
	for _, known := range sqliteTexts {
		if strings.Contains(err.Error(), known.text) {
			return known.fault
		}
	}
	return Refused
}

// SQLState is the SQLSTATE (PostgreSQL manual, appendix A), which errors of the server have as a
// method in pgx and in lib/pq. It is empty for other errors.
func SQLState(err error) string {
	answer, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err)
	if !ok {
		return ""
	}
	return answer.SQLState()
}

// postgresqlFaults are those of SQLSTATEs: of the whole state, or else of its class, which is the
// first two characters. Others are Refused.
var postgresqlFaults = map[string]Fault{
	"08":    Lost,       // connection exceptions
	"23":    Constraint, // integrity constraint violations
	"23505": Duplicate,  // unique_violation
	"40001": Conflict,   // serialization_failure
	"40P01": Conflict,   // deadlock_detected
	"55P03": Conflict,   // lock_not_available
	"40003": Lost,       // statement_completion_unknown
	"57P01": Lost,       // admin_shutdown
	"57P02": Lost,       // crash_shutdown
	"57P03": Starting,   // cannot_connect_now
	"0A000": Outdated,   // feature_not_supported: "cached plan must not change result type", in the server's language
	"26000": Outdated,   // invalid_sql_statement_name
	"42P05": Outdated,   // duplicate_prepared_statement
	"53100": Full,       // disk_full
	"42501": Forbidden,  // insufficient_privilege
	"25006": ReadOnly,   // read_only_sql_transaction: a standby too
	"28P01": NoEntry,    // invalid_password
	"28000": NoEntry,    // invalid_authorization_specification
	"3D000": NoEntry,    // invalid_catalog_name
	"3F000": NoSchema,   // invalid_schema_name: the search_path names no schema that is there
	"22P05": Unstorable, // untranslatable_character
	"22021": Unstorable, // character_not_in_repertoire
}

func postgresqlFault(err error) Fault {
	state := SQLState(err)
	if state == "" {
		return unanswered(err)
	}
	return cmp.Or(postgresqlFaults[state], postgresqlFaults[state[:min(2, len(state))]], Refused)
}

// MixedUp reports whether PostgreSQL's error comes, or can come, from a pooler whose clients share
// prepared statements: one is there already or is not there, or has other arguments (PostgreSQL
// manual, appendix A).
func MixedUp(err error) bool {
	switch SQLState(err) {
	case "42P05", "26000", "08P01":
		return true
	}
	return false
}

// mysqlFaults are those of the numbers of errors (MySQL Error Message Reference, MariaDB Error
// Codes). Others are Refused.
var mysqlFaults = map[int]Fault{
	1062: Duplicate,  // ER_DUP_ENTRY
	1048: Constraint, // ER_BAD_NULL_ERROR
	1451: Constraint, // ER_ROW_IS_REFERENCED_2
	1452: Constraint, // ER_NO_REFERENCED_ROW_2
	3819: Constraint, // ER_CHECK_CONSTRAINT_VIOLATED: MySQL
	4025: Constraint, // ER_CONSTRAINT_FAILED: MariaDB
	1205: Conflict,   // ER_LOCK_WAIT_TIMEOUT
	1213: Conflict,   // ER_LOCK_DEADLOCK
	1020: Conflict,   // ER_CHECKREAD: another transaction changed the row
	1053: Lost,       // ER_SERVER_SHUTDOWN
	1927: Lost,       // ER_CONNECTION_KILLED
	1615: Outdated,   // ER_NEED_REPREPARE
	1243: Outdated,   // ER_UNKNOWN_STMT_HANDLER
	1021: Full,       // ER_DISK_FULL
	1114: Full,       // ER_RECORD_FILE_FULL
	1044: Forbidden,  // ER_DBACCESS_DENIED_ERROR
	1142: Forbidden,  // ER_TABLEACCESS_DENIED_ERROR
	1143: Forbidden,  // ER_COLUMNACCESS_DENIED_ERROR
	1227: Forbidden,  // ER_SPECIFIC_ACCESS_DENIED_ERROR
	1290: ReadOnly,   // ER_OPTION_PREVENTS_STATEMENT: --read-only
	1792: ReadOnly,   // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
	1836: ReadOnly,   // ER_READ_ONLY_MODE
	1045: NoEntry,    // ER_ACCESS_DENIED_ERROR
	1698: NoEntry,    // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
	1049: NoEntry,    // ER_BAD_DB_ERROR
	1046: NoSchema,   // ER_NO_DB_ERROR
	1366: Unstorable, // ER_TRUNCATED_WRONG_VALUE_FOR_FIELD
	3988: Unstorable, // ER_CANNOT_CONVERT_STRING
}

// MySQLNumber is the number of an error of MySQL or MariaDB, which the driver has in a field of its
// own type and at the beginning of the text: "Error 1062 (23000): …". It is 0 for other errors, and
// for none.
func MySQLNumber(err error) int {
	if err == nil {
		return 0
	}
	_, text, found := strings.Cut(err.Error(), "Error ")
	if !found {
		return 0
	}
	number := 0
	for _, digit := range text {
		if digit < '0' || digit > '9' || number > 1e6 {
			break
		}
		number = number*10 + int(digit-'0')
	}
	return number
}

func mysqlFault(err error) Fault {
	number := MySQLNumber(err)
	if number == 0 {
		return unanswered(err)
	}
	return cmp.Or(mysqlFaults[number], Refused)
}
