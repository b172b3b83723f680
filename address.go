// Addresses: links to tables, lists and records, and the way back.

package crudadmin

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/go-crudadmin/crudadmin/data"
)

// tableSegment is a table's name as a segment of a path. A name that browsers
// would not keep there ("", "." and "..") gets a "~" before it, and so do "/",
// which http.ServeMux takes for the end of a path even escaped, and one that
// begins with "~".
func tableSegment(name string) string {
	if name == "" || name == "." || name == ".." || name == "/" || name[0] == '~' {
		return "~" + name
	}
	return name
}

// tableURL is the address of a table's list.
func (p *Panel) tableURL(name string) string { return p.ui.URL("m", tableSegment(name), "") }

// listURL is the address of a list in the state of q.
func (p *Panel) listURL(q data.Query) string {
	address := p.tableURL(q.Table)
	if values := q.Values(); len(values) > 0 {
		address += "?" + values.Encode()
	}
	return address
}

// recordURL is the address of a record; empty if it has none.
func (p *Panel) recordURL(table string, key data.Key) string {
	if key.IsZero() {
		return ""
	}
	return p.tableURL(table) + key.String()
}

// requestTable returns the table that the request's path names.
func (p *Panel) requestTable(r *http.Request) (*data.Table, error) {
	name := strings.TrimPrefix(r.PathValue("table"), "~")
	if t, ok := p.dataOf(r).Schema().Table(name); ok {
		return t, nil
	}
	return nil, data.ErrNoTable
}

// requestKey returns the key in the last segment of the request's path, which
// is split before it is unescaped.
func requestKey(r *http.Request, t *data.Table) (data.Key, error) {
	path := r.URL.EscapedPath()
	return data.ParseKey(t, path[strings.LastIndexByte(path, '/')+1:])
}

// localPath returns next if it is an address of this panel, else the dashboard's.
func (p *Panel) localPath(next string) string {
	home := p.ui.URL()
	u, err := url.Parse(next)
	switch {
	case err != nil, len(next) > maxURL, u.Scheme != "", u.Host != "", u.User != nil, u.Opaque != "",
		strings.ContainsAny(next, "\\\r\n\t"),
		!strings.HasPrefix(u.EscapedPath(), p.base+"/"), strings.HasPrefix(next, "//"),
		strings.Contains(u.Path, "/../"), strings.HasSuffix(u.Path, "/.."):
		return home
	}
	local := url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}
	return local.String()
}
