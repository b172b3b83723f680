// This file reads PostgreSQL's errors about broken rules. The server names the constraint, the
// table and the column, so nothing is asked.

package data

import (
	"context"
	"errors"
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// The SQLSTATEs of broken rules (PostgreSQL manual, appendix A).
const (
	stateAborted   = "25P02" // in_failed_sql_transaction
	stateNotNull   = "23502"
	stateReference = "23503"
	stateUnique    = "23505"
	stateCheck     = "23514"
	stateExclusion = "23P01"
	stateForbidden = "42501" // insufficient_privilege: policies of rows too
	stateAlways    = "428C9" // generated_always
	stateRaised    = "P0"    // PL/pgSQL errors: a class
	stateData      = "22"    // data exceptions: a class
	stateRule      = "23"    // integrity constraint violations: a class
	stateUndone    = "40"    // transaction rollback: a class
	stateStatement = "26"    // invalid SQL statement name: a class
	stateUnknown   = "42"    // syntax errors, and names that are not there: a class
	stateSchema    = "3F"    // invalid schema name: a class
)

func (d *postgres) violation(_ context.Context, _ queryer, t *Table, err error) (violation, bool) {
	a, ok := sqldb.AnswerOf(err)
	if !ok {
		return violation{}, false
	}
	class := a.State[:min(2, len(a.State))]
	unnamed := a.Constraint == "" && a.Table == "" && a.Column == "" && a.Type == ""
	switch {
	case class == stateRaised, unnamed && class == stateRule, unnamed && a.Raised() && class != stateUndone:
		return violation{rule: ruleTrigger, message: a.Message}, true
	case a.State == stateAborted:
		return violation{rule: ruleTrigger, message: a.Message}, true
	case class == stateData && blamed(err) == nil: // of a value that was computed, by a trigger or a rule
		return violation{rule: ruleTrigger, message: a.Message}, true
	case class == stateData, blamed(err) != nil && a.Type == "":
		return violation{rule: ruleType, columns: blamed(err)}, true
	case class != stateRule:
		return violation{rule: ruleTrigger, message: a.Message}, d.refuses(a, err)
	}
	broken := violation{rule: ruleCheck, name: a.Constraint}
	own := t.is(a.Schema, a.Table)
	switch a.State {
	case stateReference:
		broken = violation{rule: ruleForeignKey, key: t.referring(a)}
		own = own || broken.key != nil
	case stateNotNull:
		broken = violation{rule: ruleNotNull}
		if a.Column != "" && own {
			broken.columns = []string{a.Column}
		}
	case stateUnique:
		broken = violation{rule: ruleUnique, columns: t.rules[a.Constraint]}
	case stateExclusion:
		broken = violation{rule: ruleExclusion, columns: t.rules[a.Constraint]}
	case stateCheck:
		i := slices.IndexFunc(t.checks, func(one check) bool { return one.name == a.Constraint })
		if own && i >= 0 {
			broken.columns = t.checks[i].columns
		}
	}
	if a.Table == "" && a.Type != "" { // a domain's
		broken.columns = blamed(err)
		return broken, true
	}
	if !own {
		return violation{rule: broken.rule, table: t.beside(a.Schema, a.Table)}, true
	}
	return broken, true
}

// refuses says whether an answer is about what was written, and not about the server, or a schema
// that is another one by now.
func (d *postgres) refuses(a sqldb.Answer, err error) bool {
	switch class := a.State[:min(2, len(a.State))]; {
	case outage(d.classify(err)), a.Routine == "RevalidateCachedQuery", class == stateStatement:
		return false
	case class == stateUnknown, class == stateSchema:
		return a.Where != "" || a.State == stateForbidden || a.State == stateAlways
	}
	return true
}

// blamed is the column whose value blame found.
func blamed(err error) []string {
	if one, ok := errors.AsType[*unfit](err); ok {
		return []string{one.column}
	}
	return nil
}

// referring is the foreign key, from the table or to it, that the server names; nil if it is not
// known.
func (t *Table) referring(a sqldb.Answer) *ForeignKey {
	for _, fk := range slices.Concat(t.ForeignKeys, t.referenced) {
		if fk.name == a.Constraint && (fk.from == [2]string{a.Schema, a.Table} || t.is(a.Schema, a.Table) && fk.Table == t.Name) {
			return fk
		}
	}
	return nil
}
