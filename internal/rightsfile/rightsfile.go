// Package rightsfile reads the file of rights, which is YAML:
//
//	tables:
//	  invoices:
//	    viewer: [view, export]
//	    editor: [view, update]
//	  "*":
//	    viewer: [view]
//
// Which roles and rights there are, and which rights go together, is the caller's to say. It is the
// one package that links a YAML library.
package rightsfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/go-crudadmin/crudadmin/internal/clip"
)

// MaxSize is how long a file may be, in bytes.
const MaxSize = 1 << 20

// File is what a file of rights says.
type File struct {
	// Tables are the rights of each role, by table.
	Tables map[string]map[string][]string
	// Lines are where the tables stand, from 1.
	Lines map[string]int
}

// Error is everything that is wrong with a file, a line each.
type Error struct{ Problems []error }

// Error implements error.
func (e *Error) Error() string {
	var lines []string
	for _, one := range e.Problems {
		lines = append(lines, one.Error())
	}
	return strings.Join(lines, "; ")
}

// Rules say what may stand in a file.
type Rules struct {
	Roles, Rights []string

	// Check says what is wrong with the rights of a role, each of which is one of Rights.
	Check func(rights []string) error
}

// Read reads the file at a path. Everything that is wrong in it is in one [*Error], with the lines;
// the File then has what is right.
func Read(path string, rules Rules) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return Parse(text, rules)
}

// Parse reads the text of a file as Read does.
func Parse(text []byte, rules Rules) (*File, error) {
	if len(text) > MaxSize {
		return nil, fmt.Errorf("it is larger than %d bytes", MaxSize)
	}
	p := parser{rules: rules}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, more yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, errors.New("it is empty, want the key tables")
	case err != nil:
		return nil, fmt.Errorf("it is not YAML: %w", err)
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("it has more than one document")
	}
	file := &File{Tables: map[string]map[string][]string{}, Lines: map[string]int{}}
	p.mapping(document.Content[0], "the file", "the key tables", func(key, value *yaml.Node) {
		if key.Value != "tables" {
			p.wrong(key, "%q is not a key of the file, want tables", clip.Value(key.Value))
			return
		}
		p.mapping(value, "tables", "a mapping of tables", func(table, value *yaml.Node) {
			file.Lines[table.Value] = table.Line
			file.Tables[table.Value] = p.table(table, value)
		})
	})
	if len(p.problems) > 0 {
		return file, &Error{p.problems}
	}
	return file, nil
}

type parser struct {
	rules    Rules
	problems []error
}

func (p *parser) wrong(at *yaml.Node, format string, args ...any) {
	p.problems = append(p.problems, fmt.Errorf("line %d: %w", at.Line, fmt.Errorf(format, args...)))
}

// mapping calls each with the keys and values of a mapping.
func (p *parser) mapping(node *yaml.Node, what, want string, each func(key, value *yaml.Node)) {
	if node.Kind != yaml.MappingNode {
		p.wrong(node, "%s is not a mapping, want %s", what, want)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode || key.Tag == "!!merge":
			p.wrong(key, "a key of %s is not a name", what)
		case seen[key.Value]:
			p.wrong(key, "%q is in %s twice", clip.Value(key.Value), what)
		default:
			seen[key.Value] = true
			each(key, value)
		}
	}
}

// table reads the rights of a table's roles.
func (p *parser) table(table, node *yaml.Node) map[string][]string {
	all := map[string][]string{}
	what := fmt.Sprintf("the table %q", clip.Value(table.Value))
	p.mapping(node, what, "a mapping of roles", func(role, value *yaml.Node) {
		if !slices.Contains(p.rules.Roles, role.Value) {
			p.wrong(role, "%q is not a role, want %s", clip.Value(role.Value), strings.Join(p.rules.Roles, ", "))
			return
		}
		if value.Kind != yaml.SequenceNode {
			p.wrong(value, "the rights of %s in %s are not a list, want one such as [view, export], or [] for none", role.Value, what)
			return
		}
		given, known := []string{}, true
		for _, right := range value.Content {
			switch {
			case right.Kind != yaml.ScalarNode || !slices.Contains(p.rules.Rights, right.Value):
				known = false
				p.wrong(right, "%q is not a right, want %s", clip.Value(right.Value), strings.Join(p.rules.Rights, ", "))
			case !slices.Contains(given, right.Value):
				given = append(given, right.Value)
			}
		}
		if known {
			if err := p.rules.Check(given); err != nil {
				p.wrong(role, "the rights of %s in %s: %w", role.Value, what, err)
			}
		}
		all[role.Value] = given
	})
	return all
}
