// This file tests what is secret by its name, and what is because it shows a secret.

package data

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestSecretNames(t *testing.T) {
	for declared, names := range map[string]map[bool]string{
		"TEXT": {
			true: `token TOKEN access_token accessToken access-token "access token" refreshTokens AUTHTOKEN authtoken secret client_secret clientSecretHint secrets_of_trade
				hash password_hash pwd_hash hashes salt SALT user_salt otp otp_seed totp mfa_seed seed pin PIN card_pin cardPin pins cvv cvv2 cvc passcode user_passcode passphrase pass pwd pw user_pw
				passwort kennwort benutzerpasswort PASSWORT passwort_hash jwt idJWT JWTs bearer pem key_pem session_key sessionKey SessionKey SESSION_KEY SESSIONKEY session-key session_key2 session_key_2
				session_key_v2 token2 api_token_v3 ssh_key sshKey SSHKey SSHKEY ssh_keys client_key activation_key webhook_key user_activation_key access_key signing_key encryption_key
				recovery_codes two_factor_recovery_codes twoFactorRecoveryCodes recovery_code backup_codes reset_code resetCode security_answer securityAnswer security_answer_1 session_data
				password passwd PASSWORD userPassword password2 password_reset_sent encrypted_password api_key apikey APIKey APIkey apiKeyId api_key_name private_key privateKey ssh_private_key
				iban IBAN customer_iban card_number cardNumber credit_card_number cardnumber ssn SSN ssn4 credentials`,
			false: `name key code data keys codes order_code zip_code country_code postcode pincode pin_code data_key sort_key primary_key foreign_key keyboard monkey number order_number phone_number card_type
				token_count tokens_used hash_rate hashtag token_type token_id tokenizer secretary secretariat_name basalt compass passenger bypass_words pinned pinboard spin opinion seeded seed_count
				saltiness hash_algo otp_enabled session_id sid session_count ssh_host answer question security_question certificate signature digest auth cookie ssnx ibanez passport passport_number id ü 2 v2 v`,
		},
		"BLOB":    {true: "hash salt password session_data pem", false: "data key"},
		"UUID":    {true: "token session_key", false: "id"},
		"":        {true: "token pin", false: "key"},
		"BOOLEAN": {false: "hide_passwords password secret has_token pin otp"},
		"DATE":    {false: "password_changed token"}, "DATETIME": {false: "password_changed_at token"},
		"REAL": {false: "hash_rate hash token secret pin"}, "DECIMAL(10,2)": {false: "hash pin"},
		"INTEGER": {true: "pin otp cvv cvv2 ssn user_pin totp", false: "password_iterations timePasswordChanged url_hash hash token token_count token_id secret password iban card_number seed salt pin_code"},
		"BIGINT":  {false: "hash", true: "ssn"}, "NUMERIC": {true: "pin", false: "hash"},
	} {
		affinity := sqliteAffinity(declared)
		c := &Column{Type: declared, affinity: affinity}
		c.Kind, _ = sqliteKind(declared, affinity)
		if c.Kind == KindDecimal {
			c.Precision, c.Scale = sqliteDecimal(declared)
		}
		for want, list := range names {
			for _, token := range ddlTokens(strings.ReplaceAll(strings.Join(strings.Fields(list), " "), "-", "_")) {
				if c.Name = token.text; DefaultMasked("t", c) != want {
					t.Errorf("%s %s (%s): %v, want %v", c.Name, declared, c.Kind, !want, want)
				}
			}
		}
	}
}

// veiled are the masked columns of every table.
func veiled(s *Source) string {
	var all []string
	for _, table := range s.Schema().all {
		for _, c := range table.Columns {
			if c.Masked {
				all = append(all, table.Name+"."+c.Name)
			}
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// A column that references a secret is a secret; one that only has such a name, and references
// something else, is not.
func TestReferencesToSecrets(t *testing.T) {
	for name, c := range map[string]struct {
		ddl, masked string
		options     Config
	}{
		"one and two steps": {ddl: `CREATE TABLE keyed (token TEXT PRIMARY KEY); CREATE TABLE uses (id INTEGER PRIMARY KEY, via TEXT UNIQUE REFERENCES keyed (token));
			CREATE TABLE more (id INTEGER PRIMARY KEY, by TEXT REFERENCES uses (via))`, masked: "keyed.token more.by uses.via"},
		"without naming the column": {ddl: `CREATE TABLE keyed (token TEXT PRIMARY KEY); CREATE TABLE uses (via REFERENCES Keyed)`, masked: "keyed.token uses.via"},
		"of a key of two columns only the one": {ddl: `CREATE TABLE a (id INTEGER, pin TEXT, PRIMARY KEY (id, pin)) WITHOUT ROWID;
			CREATE TABLE b (x INTEGER, y TEXT, FOREIGN KEY (y, x) REFERENCES a (pin, id))`, masked: "a.pin b.y"},
		"a reference by a secret's name": {ddl: `CREATE TABLE tokens (id TEXT PRIMARY KEY); CREATE TABLE b (token TEXT REFERENCES tokens, hash TEXT REFERENCES tokens (id))`},
		"to a table that is not there":   {ddl: `CREATE TABLE b (token TEXT REFERENCES gone (id))`, masked: "b.token"},
		"in a circle": {ddl: `CREATE TABLE a (token TEXT PRIMARY KEY REFERENCES b (token)); CREATE TABLE b (token TEXT PRIMARY KEY REFERENCES a (token));
			CREATE TABLE c (x TEXT REFERENCES a)`, masked: "a.token b.token c.x"},
		"by the options":                        {ddl: `CREATE TABLE a (id INTEGER PRIMARY KEY, n TEXT UNIQUE); CREATE TABLE b (n TEXT REFERENCES a (n))`, options: Config{Mask: []string{"a.n"}}, masked: "a.n b.n"},
		"shown by the options":                  {ddl: `CREATE TABLE keyed (token TEXT PRIMARY KEY); CREATE TABLE uses (via REFERENCES keyed, also REFERENCES keyed)`, options: Config{Unmasked: []string{"uses.via"}}, masked: "keyed.token uses.also"},
		"of a hidden column":                    {ddl: `CREATE TABLE a (id INTEGER PRIMARY KEY, n TEXT UNIQUE); CREATE TABLE b (m TEXT REFERENCES a (n))`, options: Config{Tables: map[string]TableConfig{"a": {Columns: map[string]ColumnConfig{"n": {Hide: true}}}}}, masked: "b.m"},
		"of a hidden table":                     {ddl: `CREATE TABLE keyed (token TEXT PRIMARY KEY); CREATE TABLE uses (via REFERENCES keyed)`, options: Config{Hide: []string{"keyed"}}, masked: "keyed.token uses.via"},
		"computed":                              {ddl: `CREATE TABLE a (id INTEGER PRIMARY KEY, token TEXT, start TEXT AS (substr("token", 1, 3)), n INTEGER, twice AS (n * 2), again TEXT AS (start || '') STORED)`, masked: "a.again a.start a.token"},
		"all columns of a table, and of a name": {ddl: `CREATE TABLE a (x, email); CREATE TABLE b (y, email)`, options: Config{Mask: []string{"a", "*.email"}}, masked: "a.email a.x b.email"},
		"names with dots and stars":             {ddl: `CREATE TABLE "a.b" ("c,d" TEXT, "*" TEXT, token TEXT)`, options: Config{Mask: []string{`"a.b"."c,d"`}, Unmasked: []string{"*"}}, masked: "a.b.c,d"},
		"full text":                             {ddl: `CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT, title TEXT); CREATE VIRTUAL TABLE found USING fts5(title, body, content='notes', content_rowid='id')`, options: Config{Mask: []string{"notes.body"}}, masked: "found.body found.found found_config.k found_config.v found_data.block found_data.id found_docsize.id found_docsize.sz found_idx.pgno found_idx.segid found_idx.term notes.body"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := veiled(openSource(t, c.options, c.ddl)); got != c.masked {
				t.Errorf("masked: %q, want %q", got, c.masked)
			}
		})
	}
}

// Every way in which a view can show a secret, with the secret itself as the judge: what is read
// holds none. Columns that show none stay readable where the text can be followed.
func TestViewsOfSecrets(t *testing.T) {
	const tables = `CREATE TABLE u (id INTEGER PRIMARY KEY, name TEXT, password_hash TEXT, pin INTEGER); INSERT INTO u VALUES (1, 'ann', 'CANARYHASH', 777123);
		CREATE TABLE k (pin INTEGER PRIMARY KEY, note TEXT); INSERT INTO k VALUES (777123, 'x'); CREATE TABLE o (id INTEGER PRIMARY KEY, u_id INTEGER, total REAL); INSERT INTO o VALUES (1, 1, 2.5); `
	cases := []struct{ view, open string }{
		{"SELECT id, password_hash AS ph FROM u", "id"},
		{"SELECT id, password_hash ph, name FROM u", "id name"},
		{"SELECT id, u.password_hash FROM u", "id"},
		{"SELECT * FROM u", "id name"},
		{"SELECT x.*, x.pin AS p2 FROM u x", "id name"},
		{"SELECT pin AS first, x.*, name AS last FROM u x", "id name last"},
		{"SELECT a.*, b.password_hash AS mid, b.* FROM u a, u b", "id name id:1 name:1"},
		{"SELECT substr(password_hash, 1, 3) || name AS both, length(name) FROM u", "length(name)"},
		{"SELECT substr(password_hash, 1, 30) FROM u", ""},
		{"SELECT CASE WHEN id > 0 THEN pin END, id FROM u", "id"},
		{"SELECT id, (SELECT max(password_hash) FROM u) AS m FROM o", "id"},
		{"SELECT id, total FROM o WHERE u_id IN (SELECT id FROM u WHERE password_hash IS NOT NULL)", "id total"},
		{"SELECT ph FROM (SELECT password_hash AS ph FROM u)", ""},
		{"SELECT ph AS x, n FROM (SELECT password_hash AS ph, name AS n FROM u)", "n"},
		{"SELECT * FROM (SELECT password_hash AS ph, name AS n FROM u)", "n"},
		{"SELECT * FROM (SELECT upper(password_hash), name FROM u)", ""},
		{"WITH c AS (SELECT password_hash AS a, name AS b FROM u) SELECT a AS q, b FROM c", "b"},
		{"WITH c (a, b) AS (SELECT password_hash, name FROM u) SELECT a, b FROM c", ""},
		{"SELECT name AS n FROM u UNION ALL SELECT password_hash FROM u", ""},
		{"SELECT id, name FROM u UNION SELECT pin, name FROM u", "name"},
		{"SELECT group_concat(pin) AS pins_of_all, count(*) AS n FROM u", "n"},
		{"SELECT json_object('p', password_hash) AS doc, id FROM u", "id"},
		{`SELECT "PASSWORD_HASH" AS 'odd name', [id] FROM u`, "id"},
		{"SELECT rowid AS r, note FROM k", "note"},
		{"SELECT oid AS r, note FROM k", "note"},
		{"SELECT DISTINCT pin AS p, name FROM u ORDER BY pin LIMIT 5", "name"},
		{"SELECT u.name, row_number() OVER (ORDER BY pin) AS place FROM u", "name"},
		{"SELECT u_id, sum(total) AS total FROM o GROUP BY u_id", "u_id total"},
		{"SELECT o.id, u.name FROM o JOIN u ON u.id = o.u_id", "id name"},
		{"SELECT iif(pin > 5, name, name) COLLATE nocase, id FROM u", "id"},
		{"SELECT iif(id > 5, 'a', name) COLLATE nocase AS n2, id FROM u", "n2 id"},
		{"VALUES (1, 2)", "column1 column2"},
	}
	ddl := tables
	for i, c := range cases {
		ddl += fmt.Sprintf("CREATE VIEW v%[1]d AS %[2]s; CREATE VIEW again%[1]d AS SELECT *, 1 AS one FROM v%[1]d;", i, c.view)
	}
	plain := openSource(t, Config{}, ddl)
	ddl = tables // under names of its own
	for i, c := range cases {
		v, _ := plain.Schema().Table(fmt.Sprintf("v%d", i))
		ddl += fmt.Sprintf("CREATE VIEW v%d (%s) AS %s;", i, strings.Join([]string{"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9"}[:len(v.Columns)], ", "), c.view)
	}
	renamed := openSource(t, Config{}, ddl)
	for i, c := range cases {
		for _, one := range []struct {
			s    *Source
			name string
		}{{plain, "v"}, {plain, "again"}, {renamed, "v"}} {
			page, err := one.s.List(t.Context(), Query{Table: fmt.Sprint(one.name, i)})
			if err != nil {
				t.Fatalf("%s: %v", c.view, err)
			}
			if text := fmt.Sprintf("%+v", page.Rows); strings.Contains(text, "CAN") || strings.Contains(text, "777123") {
				t.Errorf("%s, as %s: shows %s", c.view, one.name, text)
			}
		}
		v, _ := plain.Schema().Table(fmt.Sprintf("v%d", i))
		var open []string
		for _, column := range v.Columns {
			if !column.Masked {
				open = append(open, column.Name)
			}
		}
		if got := strings.Join(open, " "); got != c.open {
			t.Errorf("%s: readable are %q, want %q", c.view, got, c.open)
		}
	}
	s := openSource(t, Config{Unmasked: []string{"v.ph"}}, tables+"CREATE VIEW v AS SELECT id, password_hash AS ph FROM u")
	v, _ := s.Schema().Table("v")
	if c, _ := v.Column("ph"); c.Masked {
		t.Error("a column of a view that is shown by name is masked")
	}
}
