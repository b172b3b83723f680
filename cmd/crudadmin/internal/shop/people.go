package shop

// This file makes the people: employees, customers and their addresses.

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	employeeRows = 45
	customerRows = 6000
)

// awkwardCustomers take the places 11, 22, 33, …: names that break careless quoting, escaping and
// layout.
var awkwardCustomers = [][2]string{
	{"Siobhán", "O'Brien-D'Angelo"},
	{"Zoë", "Müller 🦊"},
	{"محمد", "عبد الرحمن"},
	{"שרה", "לוי"},
	{"美咲", "佐藤"},
	{"Robert'); DROP TABLE customers;--", "Tables"},
	{"<b>Bold</b>", "&amp; \"Quoted\""},
	{"Łukasz", "Żółć"},
	{"👩‍👩‍👧‍👦", "Family"},
	{"Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaft", "Hubert Blaine"},
	{"=1+1", "@SUM(A1)"},
	{"  Spaces  ", "Around  "},
	{"null", "NULL"},
	{"Nguyễn", "Thị Hồng Nhung"},
}

func (m *maker) makeEmployees() error {
	columns := "id, manager_id, email, name, role, password_hash, api_token, salary, hired_on, left_on, shift_starts"
	return m.into("employees", columns, func(insert func(...any)) {
		for id := 1; id <= employeeRows; id++ {
			first, last := m.fake.FirstName(), m.fake.LastName()
			role, salary := pick(m, []string{"clerk", "clerk", "packer", "packer", "buyer"}), m.between(2600000, 4400000)
			var manager any
			switch {
			case id == 1:
				role, salary = "director", 9800000
			case id <= 6:
				role, salary, manager = "manager", m.between(5200000, 6900000), 1
			default:
				manager = m.between(2, 6)
			}
			hash := "$argon2id$v=19$m=19456,t=2,p=1$" + base64.RawStdEncoding.EncodeToString(m.bytes(16)) + "$" + base64.RawStdEncoding.EncodeToString(m.bytes(32))
			hired := m.before(3000)
			left := any(nil)
			if id > 6 && m.chance(12) {
				left = hired.AddDate(0, 0, m.between(30, 200)).Format(dateLayout)
			}
			insert(id, manager, fmt.Sprintf("%s.%s%d@shop.example", slugify(first), slugify(last), id), first+" "+last, role,
				hash, m.maybe(30, "tok_"+hex.EncodeToString(m.bytes(16))), money(salary), hired.Format(dateLayout), left,
				pick(m, []string{"06:00:00", "09:00:00", "13:30:00", "22:15:00"}))
		}
	})
}

func (m *maker) makeCustomers() error {
	columns := "id, uuid, first_name, last_name, email, phone, birth_date, company, newsletter, blocked, credit_limit, loyalty_points, preferences, notes, created_at, last_seen_unix"
	return m.into("customers", columns, func(insert func(...any)) {
		created := make([]time.Time, customerRows)
		for i := range created {
			created[i] = m.before(1600)
		}
		slices.SortFunc(created, time.Time.Compare)
		for i := range customerRows {
			id := i + 1
			first, last := m.fake.FirstName(), m.fake.LastName()
			if place := id/11 - 1; id%11 == 0 && place < len(awkwardCustomers) {
				first, last = awkwardCustomers[place][0], awkwardCustomers[place][1]
			}
			mailbox := strings.Trim(slugify(first)+"."+slugify(last), ".")
			if mailbox == "" {
				mailbox = "customer"
			}
			email := fmt.Sprintf("%s%d@%s", mailbox[:min(len(mailbox), 60)], id, pick(m, mailHosts))
			var phone any
			switch m.rnd.IntN(10) {
			case 0:
			case 1:
				phone = "" // asked and left blank: not the same as NULL
			default:
				phone = fmt.Sprintf("+%d %d %07d", pick(m, []int{1, 31, 33, 34, 39, 43, 44, 46, 48, 49}), m.between(100, 999), m.rnd.IntN(1e7))
			}
			var company any
			switch m.rnd.IntN(12) {
			case 0:
				company = m.fake.Company()
			case 1:
				company = ""
			}
			var seen any
			if m.chance(80) {
				seen = created[i].Unix() + m.rnd.Int64N(anchor.Unix()-created[i].Unix()+1)
			}
			preferences := fmt.Sprintf(`{"language":%q,"theme":%q,"categories":[%d,%d],"contact":{"email":%t,"sms":%t}}`,
				pick(m, []string{"en", "de", "fr", "es", "ar", "ja"}), pick(m, []string{"light", "dark", "system"}), m.between(1, 8), m.between(9, 30), m.chance(60), m.chance(20))
			insert(id, m.fake.UUID(), first, last, email, phone,
				m.maybe(70, anchor.AddDate(-18, 0, -m.rnd.IntN(60*365)).Format(dateLayout)), company,
				m.maybe(85, m.chance(45)), m.chance(1), money(100*m.rnd.IntN(5)*m.rnd.IntN(500)), m.rnd.IntN(2500),
				preferences, m.maybe(8, pick(m, customerNotes)), created[i].Format(dateTimeLayout), seen)
			m.customers = append(m.customers, customer{name: first + " " + last, email: email, created: created[i]})
		}
	})
}

func (m *maker) makeAddresses() error {
	columns := "id, customer_id, label, recipient, line1, line2, postcode, city, country, latitude, longitude, is_default"
	return m.into("addresses", columns, func(insert func(...any)) {
		id := 0
		for i := range m.customers {
			c := &m.customers[i]
			for n := range weighted(m, []choice[int]{{1, 60}, {2, 32}, {3, 8}}) {
				id++
				place := pick(m, places)
				label := "home"
				if n > 0 {
					label = pick(m, []string{"work", "pickup", "other"})
				}
				var latitude, longitude any
				if m.chance(75) {
					latitude = float64(place.latitude+m.between(-60000, 60000)) / 1e6
					longitude = float64(place.longitude+m.between(-60000, 60000)) / 1e6
				}
				insert(id, i+1, label, c.name, fmt.Sprintf("%d %s", m.between(1, 240), m.fake.StreetName()),
					m.maybe(18, fmt.Sprintf("Floor %d", m.between(1, 12))), m.postcode(place.postcode), place.city, place.country,
					latitude, longitude, n == 0)
				c.addresses = append(c.addresses, id)
			}
		}
	})
}

// postcode puts a digit for each # and a letter for each ? of the pattern.
func (m *maker) postcode(pattern string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '#':
			return rune('0' + m.rnd.IntN(10))
		case '?':
			return rune('A' + m.rnd.IntN(26))
		}
		return r
	}, pattern)
}
