// The variables of features that this version does not have. Each leaves its list
// with the feature that it belongs to.

package environ

// UnbuiltOfSessions are those that a program with sessions alone would set.
var UnbuiltOfSessions = []string{"ADMIN_SECRET_KEY_PREVIOUS", "ADMIN_SECRET_KEY_PREVIOUS_FILE"}

// UnbuiltOfPanel are those of the panel.
var UnbuiltOfPanel = []string{
	"TRACK_EVENTS", "DATABASE_READ_URL", "DATABASE_READ_URL_FILE", "SCHEMA", "CONFIG", "VIEWS_FILE",
	"REQUIRE_2FA", "BOUND_DEVICES", "PASSWORD_SIGN_IN", "PASSWORD_WORDS", "BREAK_GLASS_USERNAME", "OIDC_PROVIDERS",
	"AUDIT", "AUDIT_TABLE", "AUDIT_READS", "AUDIT_LOG", "AUDIT_SYSLOG", "AUDIT_WEBHOOK_URL", "AUDIT_WEBHOOK_SECRET", "AUDIT_WEBHOOK_SECRET_FILE",
	"AUDIT_ANCHOR_FILE", "AUDIT_RETENTION_DAYS", "EVENTS_RETENTION_DAYS", "REASON_FOR", "UNDO_SECRETS", "METRICS_TOKEN", "METRICS_TOKEN_FILE",
}

// RefuseUnbuilt refuses each of the variables that is set.
func (r *Reader) RefuseUnbuilt(names []string) {
	for _, name := range names {
		r.Unbuilt(name)
	}
}
