package shop

// This file makes the catalogue: categories, suppliers, products, their pictures and variants, and
// the stock.

import (
	"fmt"
	"strings"
)

const (
	supplierRows = 60
	productRows  = 1200
)

func (m *maker) makeCategories() error {
	return m.into("categories", "id, parent_id, slug, name, position", func(insert func(...any)) {
		for i, d := range departments {
			insert(i+1, nil, slugify(d.name), d.name, i+1)
		}
		id := len(departments)
		for i, d := range departments {
			for position, l := range d.leaves {
				id++
				insert(id, i+1, slugify(d.name+" "+l.name), l.name, position+1)
			}
		}
	})
}

func (m *maker) makeSuppliers() error {
	return m.into("suppliers", "id, name, email, website, country, rating, lead_days, contract", func(insert func(...any)) {
		for id := 1; id <= supplierRows; id++ {
			name := fmt.Sprintf("%s %s", m.fake.LastName(), pick(m, []string{"& Sons", "Textil GmbH", "AB", "Outdoor S.A.", "Werke", "Works Ltd", "Srl"}))
			name = fmt.Sprintf("%s No. %d", name, id)
			var contract any
			if m.chance(40) {
				contract = append([]byte("%PDF-1.7\n%"), m.bytes(m.between(200, 900))...)
			}
			slug := slugify(name)
			insert(id, name, m.maybe(85, "sales@"+slug+".example"), m.maybe(70, "https://"+slug+".example/"), pick(m, places).country,
				m.maybe(80, float64(m.between(10, 50))/10), m.between(2, 90), contract)
		}
	})
}

// leafOf is the category of the product at the index: its number in the table and its words.
func leafOf(index int) (category int, l leaf) {
	var all []leaf
	for _, d := range departments {
		all = append(all, d.leaves...)
	}
	n := index % len(all)
	return len(departments) + 1 + n, all[n]
}

func (m *maker) makeProducts() error {
	columns := "id, supplier_id, sku, slug, name, description, status, price, cost, vat_rate, weight_grams, attributes, featured, released_on, discontinued_at, updated_at"
	return m.into("products", columns, func(insert func(...any)) {
		for i := range productRows {
			id := i + 1
			_, l := leafOf(i)
			noun := pick(m, l.nouns)
			name := pick(m, series) + " " + noun
			if m.chance(30) {
				name += pick(m, []string{" Pro", " Light", " II", " Kids", " – limited edition"})
			}
			description := m.describe()
			switch id {
			case 7:
				name = `"Piz" <Tent> & Sons' Choice 3/4`
			case 19:
				name = "Donaudampfschifffahrtsgesellschaftskapitänsmützenhalterungsschraubensatz"
			case 42:
				description = strings.Repeat(description+"\n\n", 20000/len(description)+1)
			case 77:
				description = ""
			}
			cents := m.between(l.low, l.high)*100 - pick(m, []int{0, 5, 10, 50})
			released := m.before(1800)
			status := weighted(m, []choice[string]{{"active", 80}, {"draft", 6}, {"sold out", 8}, {"discontinued", 6}})
			var gone, released0 any
			if status == "discontinued" {
				gone = released.AddDate(0, 0, m.rnd.IntN(int(anchor.Sub(released).Hours()/24)+1)).Format(dateTimeLayout)
			}
			if status != "draft" {
				released0 = released.Format(dateLayout)
			}
			attributes := fmt.Sprintf(`{"material":%q,"waterproof":%t,"warranty_years":%d,"dimensions_cm":{"l":%d,"w":%d,"h":%d}}`,
				pick(m, materials), m.chance(50), m.between(1, 10), m.between(5, 120), m.between(5, 60), m.between(1, 60))
			insert(id, m.maybe(95, m.between(1, supplierRows)), fmt.Sprintf("P-%05d", 10000+id*7), fmt.Sprintf("%s-%d", slugify(name), id), name,
				description, status, money(cents), m.maybe(92, money(cents*m.between(35, 75)/100)), pick(m, []float64{0.19, 0.19, 0.19, 0.07, 0}),
				m.maybe(90, m.between(12, 9000)), m.maybe(88, attributes), m.chance(4), released0, gone, m.before(400).Format(dateTimeLayout))
			m.products = append(m.products, product{name: name, noun: noun, cents: cents, released: released})
		}
	})
}

// describe is a product's description: an opening, some claims and how to care for it.
func (m *maker) describe() string {
	parts := []string{pick(m, openings)}
	for range m.between(1, 4) {
		parts = append(parts, pick(m, claims))
	}
	return strings.Join(parts, " ") + "\n\nCare: " + pick(m, careLines)
}

func (m *maker) makeProductCategories() error {
	return m.into("product_categories", "product_id, category_id", func(insert func(...any)) {
		for i := range m.products {
			category, _ := leafOf(i)
			insert(i+1, category)
			if m.chance(60) {
				insert(i+1, m.between(1, len(departments)))
			}
		}
	})
}

func (m *maker) makeProductImages() error {
	return m.into("product_images", "id, product_id, position, alt_text, thumbnail", func(insert func(...any)) {
		id := 0
		for i, p := range m.products {
			for position := range weighted(m, []choice[int]{{0, 40}, {1, 45}, {2, 15}}) {
				id++
				insert(id, i+1, position+1, m.maybe(80, p.name), thumbnail(m.bytes(6)))
			}
		}
	})
}

func (m *maker) makeVariants() error {
	return m.into("variants", "id, product_id, sku, color, size, barcode, extra_price", func(insert func(...any)) {
		id := 0
		for i, p := range m.products {
			first, letter := m.rnd.IntN(len(colors)), m.rnd.IntN(len(sizes))
			sized := m.chance(45)
			for n := range m.between(2, 5) {
				id++
				size, extra := any("one size"), 0
				switch {
				case sized:
					size = sizes[(letter+n)%len(sizes)]
				case m.chance(10):
					size = nil
				}
				if m.chance(15) {
					extra = m.between(1, 12) * 100
				}
				insert(id, i+1, fmt.Sprintf("P-%05d-%d", 10000+(i+1)*7, n+1), colors[(first+n)%len(colors)], size,
					m.maybe(90, 4006381000000+int64(id)*37), money(extra))
				m.variants = append(m.variants, variant{product: i, cents: p.cents + extra})
			}
		}
	})
}

var warehouses = [][6]string{
	{"BER", "Berlin main store", "Berlin", "05:30:00", "22:00:00", "Europe/Berlin"},
	{"LYS", "Lyon", "Lyon", "06:00:00", "20:00:00", "Europe/Paris"},
	{"KRK", "Kraków", "Kraków", "00:00:00", "23:59:59", "Europe/Warsaw"},
	{"PDX", "Portland", "Portland", "07:00:00", "18:30:00", "America/Los_Angeles"},
	{"AKL", "Auckland (partner)", "Auckland", "08:00:00", "17:00:00", "Pacific/Auckland"},
}

func (m *maker) makeWarehouses() error {
	return m.into("warehouses", "code, name, city, opens_at, closes_at, time_zone, manager_id", func(insert func(...any)) {
		for i, w := range warehouses {
			var manager any
			if i < 4 {
				manager = i + 2
			}
			insert(w[0], w[1], w[2], w[3], w[4], w[5], manager)
		}
	})
}

func (m *maker) makeStock() error {
	return m.into("stock", "warehouse_code, variant_id, quantity, reorder_below, shelf, counted_at", func(insert func(...any)) {
		for i := range m.variants {
			for _, w := range warehouses {
				if !m.chance(40) {
					continue
				}
				insert(w[0], i+1, max(0, m.between(-8, 120)), pick(m, []int{5, 5, 10, 20}),
					m.maybe(90, fmt.Sprintf("%c-%02d-%d", 'A'+rune(m.rnd.IntN(12)), m.between(1, 40), m.between(1, 6))),
					m.maybe(70, m.before(200).Format(dateTimeLayout)))
			}
		}
	})
}
