// This file holds the validate tags of a struct, and in words what they refuse.

package typed

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/go-playground/validator/v10"

	"github.com/go-crudadmin/crudadmin/internal/data"
)

// rules checks structs by their validate tags. It caches what it reads of a type
// and is safe for concurrent use.
var rules = validator.New(validator.WithRequiredStructEnabled())

// checkRules reports rules of a type that are not known. The validator panics at
// them.
func checkRules(typ reflect.Type) (err error) {
	defer func() {
		if what := recover(); what != nil {
			err = fmt.Errorf("a validate tag of %s is wrong: %v", typ, what)
		}
	}()
	err = rules.Struct(reflect.New(typ).Interface())
	if invalid := (validator.ValidationErrors)(nil); errors.As(err, &invalid) {
		return nil // of an empty struct
	}
	return err
}

// hasRules reports whether any field of the struct has a validate tag.
func (v *View) hasRules() bool {
	for _, f := range v.fields {
		if f.tag.Get("validate") != "" {
			return true
		}
	}
	return false
}

// validate says what the struct's rules refuse, of the columns that concern says
// are concerned. Passwords were checked as they were entered.
func (v *View) validate(record any, concern func(column string) bool) error {
	var invalid validator.ValidationErrors
	if err := rules.Struct(record); err == nil {
		return nil
	} else if !errors.As(err, &invalid) {
		return err
	}
	var wrong data.FieldErrors
	for _, one := range invalid {
		_, path, _ := strings.Cut(one.StructNamespace(), ".")
		column := ""
		for _, f := range v.fields {
			if f.name == path {
				column = f.column
			}
		}
		if column != "" && !v.IsPassword(column) && concern(column) { // else it is about a related record, which is not read
			wrong = append(wrong, &data.FieldError{Field: column, Message: ruleText(one)})
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return wrong
}

// refused says what a validate tag refuses of a password as it was entered; empty if nothing.
func refused(tag, password string) (message string) {
	if tag == "" {
		return ""
	}
	defer func() { // a rule about other fields, such as eqfield
		if what := recover(); what != nil {
			message = "has a rule that does not suit a password"
		}
	}()
	var invalid validator.ValidationErrors
	if err := rules.Var(password, tag); errors.As(err, &invalid) && len(invalid) > 0 {
		return ruleText(invalid[0])
	}
	return ""
}

// ruleText is a broken rule as the end of a sentence that begins with the field.
func ruleText(e validator.FieldError) string {
	unit := ""
	kind := e.Kind()
	switch kind {
	case reflect.String:
		unit = " characters"
	case reflect.Slice, reflect.Map, reflect.Array:
		unit = " items"
	}
	if e.Param() == "1" {
		unit = strings.TrimSuffix(unit, "s")
	}
	sized := func(number, text string) string {
		if unit != "" {
			return fmt.Sprintf(text, e.Param(), unit)
		}
		return number + " " + e.Param()
	}
	switch e.Tag() {
	case "required", "required_if", "required_unless", "required_with", "required_with_all", "required_without", "required_without_all":
		return "is required"
	case "min", "gte":
		return sized("must be at least", "must have at least %s%s")
	case "max", "lte":
		return sized("must be at most", "must have at most %s%s")
	case "gt":
		return sized("must be more than", "must have more than %s%s")
	case "lt":
		return sized("must be less than", "must have less than %s%s")
	case "len":
		return sized("must be", "must have %s%s")
	case "eq":
		return "must be " + e.Param()
	case "ne":
		return "must not be " + e.Param()
	case "oneof", "oneofci":
		return "must be one of " + strings.Join(strings.Fields(e.Param()), ", ")
	case "eqfield":
		return "must be the same as " + e.Param()
	case "nefield":
		return "must not be the same as " + e.Param()
	case "gtfield", "gtefield":
		return "must come after " + e.Param()
	case "ltfield", "ltefield":
		return "must come before " + e.Param()
	case "contains":
		return "must contain " + e.Param()
	case "startswith":
		return "must begin with " + e.Param()
	case "endswith":
		return "must end with " + e.Param()
	}
	if what, ok := ruleNouns[e.Tag()]; ok {
		return "must be " + what
	}
	if e.Param() != "" {
		return fmt.Sprintf("breaks the rule %s=%s", e.Tag(), e.Param())
	}
	return "breaks the rule " + e.Tag()
}

var ruleNouns = map[string]string{
	"email": "an e-mail address, such as ann@example.com", "url": "an address, such as https://example.com", "http_url": "an address, such as https://example.com",
	"uri": "a URI", "uuid": "a UUID", "uuid4": "a UUID of version 4", "alpha": "letters only", "alphanum": "letters and digits only",
	"numeric": "a number", "number": "digits only", "lowercase": "in lower case", "uppercase": "in upper case", "ascii": "ASCII only",
	"e164": "a telephone number, such as +4930123456", "ip": "an IP address", "ipv4": "an IPv4 address", "ipv6": "an IPv6 address",
	"hostname": "a host's name", "fqdn": "a domain", "json": "JSON", "hexcolor": "a colour, such as #3366ff", "iso4217": "a currency, such as EUR",
	"iso3166_1_alpha2": "a country, such as DE", "bcp47_language_tag": "a language, such as de-CH", "timezone": "a time zone, such as Europe/Berlin",
	"latitude": "a latitude", "longitude": "a longitude", "boolean": "true or false", "unique": "without repetitions", "base64": "base64",
}
