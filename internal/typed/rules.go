// This file holds the validate tags of a struct, and in words what they refuse.

package typed

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-playground/validator/v10"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/text"
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

// refused says what a validate tag refuses of a password as it was entered; nil if nothing.
func refused(tag, password string) (message text.Message) {
	if tag == "" {
		return nil
	}
	defer func() { // a rule about other fields, such as eqfield
		if what := recover(); what != nil {
			message = text.PasswordMisfit
		}
	}()
	var invalid validator.ValidationErrors
	if err := rules.Var(password, tag); errors.As(err, &invalid) && len(invalid) > 0 {
		return ruleText(invalid[0])
	}
	return nil
}

// bounds are the sentences of rules about a size: of a text, of several items, of a number.
var bounds = map[string]struct {
	characters, items func(int64) text.Message
	number            func(string) text.Message
}{
	"min": {text.MinCharacters, text.MinItems, text.NumberAtLeast}, "gte": {text.MinCharacters, text.MinItems, text.NumberAtLeast},
	"max": {text.MaxCharacters, text.MaxItems, text.NumberAtMost}, "lte": {text.MaxCharacters, text.MaxItems, text.NumberAtMost},
	"gt": {text.MoreCharacters, text.MoreItems, text.NumberMore}, "lt": {text.LessCharacters, text.LessItems, text.NumberLess},
	"len": {text.ExactCharacters, text.ExactItems, text.MustBe},
}

// parameters are the sentences of rules about what their parameter names.
var parameters = map[string]func(string) text.Message{
	"eq": text.MustBe, "ne": text.MustNotBe, "eqfield": text.SameAs, "nefield": text.NotSameAs, "gtfield": text.ComesAfter, "gtefield": text.ComesAfter,
	"ltfield": text.ComesBefore, "ltefield": text.ComesBefore, "contains": text.MustContain, "startswith": text.MustBegin, "endswith": text.MustEnd,
}

// ruleText is a broken rule as the end of a sentence that begins with the field.
func ruleText(e validator.FieldError) text.Message {
	tag, param := e.Tag(), e.Param()
	if bound, ok := bounds[tag]; ok {
		n, err := strconv.ParseInt(param, 10, 64)
		switch kind := e.Kind(); {
		case err != nil:
		case kind == reflect.String:
			return bound.characters(n)
		case kind == reflect.Slice, kind == reflect.Map, kind == reflect.Array:
			return bound.items(n)
		}
		return bound.number(param)
	}
	if say, ok := parameters[tag]; ok {
		return say(param)
	}
	if fixed, ok := fixedRules[tag]; ok {
		return fixed
	}
	switch {
	case strings.HasPrefix(tag, "required"):
		return text.Required
	case tag == "oneof", tag == "oneofci":
		return text.OneOf(strings.Fields(param))
	case param != "":
		return text.BreaksRule(tag + "=" + param)
	}
	return text.BreaksRule(tag)
}

// fixedRules are the sentences of rules that have no parameter.
var fixedRules = map[string]text.Message{
	"email": text.EmailWanted, "url": text.URLWanted, "http_url": text.URLWanted, "uri": text.URIWanted, "uuid": text.UUIDWanted, "uuid4": text.UUID4Wanted,
	"alpha": text.LettersOnly, "alphanum": text.LettersDigitsOnly, "numeric": text.AnyNumberWanted, "number": text.DigitsOnly, "lowercase": text.LowerCase,
	"uppercase": text.UpperCase, "ascii": text.ASCIIOnly, "e164": text.PhoneWanted, "ip": text.IPWanted, "ipv4": text.IPv4Wanted, "ipv6": text.IPv6Wanted,
	"hostname": text.HostWanted, "fqdn": text.DomainWanted, "json": text.JSONWanted, "hexcolor": text.ColourWanted, "iso4217": text.CurrencyWanted,
	"iso3166_1_alpha2": text.CountryWanted, "bcp47_language_tag": text.LanguageWanted, "timezone": text.ZoneWanted, "latitude": text.LatitudeWanted,
	"longitude": text.LongitudeWanted, "boolean": text.TrueOrFalse, "unique": text.NoRepetitions, "base64": text.Base64Wanted,
}
