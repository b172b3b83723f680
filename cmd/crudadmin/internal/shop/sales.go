package shop

// This file makes what the shop sells by: settings, coupons, orders, payments, reviews, exchange
// rates and events.

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sort"
	"time"
)

const (
	couponRows = 40
	orderRows  = 9000
	reviewRows = 5000
	eventRows  = 10000
	rateDays   = 365
)

func (m *maker) makeSettings() error {
	return m.into("settings", "key, value, updated_at", func(insert func(...any)) {
		for _, s := range [][2]string{
			{"checkout.guest", `true`},
			{"checkout.limits", `{"max_lines":50,"max_quantity":99,"min_total":"5.00"}`},
			{"mail.from", `"Fell & Fjord <hello@shop.example>"`},
			{"maintenance.message", `null`},
			{"search.synonyms", `[["rucksack","backpack"],["trousers","pants"],["torch","headlamp"]]`},
			{"shipping.free_from", `75.5`},
			{"shipping.zones", `{"eu":["DE","AT","FR","NL","BE","DK","SE","PL","CZ","ES","IT","PT","GR","IE"],"world":["US","CA","JP","NZ"],"other":["GB","CH","NO"]}`},
			{"shop.name", `"Fell & Fjord"`},
			{"shop.slogan", `"Go out. Come home."`},
			{"tax.rates", `{"standard":0.19,"reduced":0.07,"books":0}`},
		} {
			insert(s[0], s[1], m.before(500).Unix())
		}
	})
}

func (m *maker) makeCoupons() error {
	return m.into("coupons", "code, kind, value, valid_from, valid_until, used", func(insert func(...any)) {
		for i := range couponRows {
			code := fmt.Sprintf("%s%02d", pick(m, []string{"SPRING", "SUMMER", "HELLO", "CLUB", "THANKS", "WINTER"}), i+1)
			switch i {
			case 3:
				code = "10%/OFF, TODAY" // a key with the characters that addresses are made of
			case 4:
				code = "new"
			}
			kind, value := pick(m, []string{"percent", "amount", "free shipping"}), any(0)
			switch kind {
			case "percent":
				value = m.between(1, 6) * 5
			case "amount":
				value = money(m.between(5, 40) * 50)
			}
			from := m.before(900)
			insert(code, kind, value, from.Format(dateLayout), m.maybe(80, from.AddDate(0, 0, m.between(7, 400)).Format(dateLayout)), m.rnd.IntN(400))
			m.coupons = append(m.coupons, code)
		}
	})
}

// planOrders decides the orders in the order of time: later ones are more, and nobody buys before
// signing up.
func (m *maker) planOrders() {
	const span = 1095 * 86400
	m.orders = make([]order, orderRows)
	for i := range m.orders {
		ago := min(m.rnd.IntN(span), m.rnd.IntN(span))
		m.orders[i].placed = anchor.Add(-time.Duration(ago) * time.Second)
	}
	slices.SortFunc(m.orders, func(a, b order) int { return a.placed.Compare(b.placed) })
	for i := range m.orders {
		o := &m.orders[i]
		known := sort.Search(len(m.customers), func(n int) bool { return m.customers[n].created.After(o.placed) })
		o.customer = m.rnd.IntN(max(known, 1))
		o.status = weighted(m, []choice[string]{{"delivered", 86}, {"returned", 6}, {"cancelled", 6}, {"shipped", 2}})
		if anchor.Sub(o.placed) < 6*24*time.Hour {
			o.status = pick(m, []string{"pending", "paid", "packed", "shipped"})
		}
		for range weighted(m, []choice[int]{{1, 38}, {2, 28}, {3, 18}, {4, 10}, {7, 6}}) {
			v := min(m.rnd.IntN(len(m.variants)), m.rnd.IntN(len(m.variants))) // some sell better
			l := line{variant: v, quantity: weighted(m, []choice[int]{{1, 80}, {2, 14}, {3, 4}, {10, 2}}), cents: m.variants[v].cents}
			o.lines = append(o.lines, l)
			o.total += l.quantity * l.cents
		}
	}
}

func (m *maker) makeOrders() error {
	columns := "id, number, customer_id, billing_address_id, shipping_address_id, coupon_code, handled_by, status, subtotal, shipping_cost, discount, gift, gift_message, placed_at, shipped_at, delivered_on"
	return m.into("orders", columns, func(insert func(...any)) {
		m.planOrders()
		for i := range m.orders {
			o := &m.orders[i]
			addresses := m.customers[o.customer].addresses
			subtotal, shipping, discount := o.total, 490, 0
			if subtotal >= 7550 {
				shipping = 0
			}
			coupon := any(nil)
			if m.chance(12) {
				coupon, discount = pick(m, m.coupons), subtotal*m.between(1, 4)*5/100
			}
			o.total = subtotal + shipping - discount
			gift := m.chance(7)
			var message, shipped, delivered any
			if gift {
				message = pick(m, []string{"Happy birthday, Opa! 🎂", "", "Für die nächste Tour – deine Mädels", "See you on the trail.", "عيد ميلاد سعيد"})
			}
			if o.status == "shipped" || o.status == "delivered" || o.status == "returned" {
				at := o.placed.Add(time.Duration(m.between(3, 70)) * time.Hour)
				shipped = at.Format(dateTimeLayout)
				if o.status != "shipped" {
					delivered = at.AddDate(0, 0, m.between(1, 6)).Format(dateLayout)
				}
			}
			insert(i+1, fmt.Sprintf("%d-%06d", o.placed.Year(), i+1), o.customer+1, addresses[0], pick(m, addresses), coupon,
				m.maybe(90, m.between(7, employeeRows)), o.status, money(subtotal), money(shipping), money(discount), gift, message,
				o.placed.Format(dateTimeLayout), shipped, delivered)
		}
	})
}

func (m *maker) makeOrderLines() error {
	return m.into("order_lines", "order_id, line, variant_id, quantity, unit_price", func(insert func(...any)) {
		for i, o := range m.orders {
			for n, l := range o.lines {
				insert(i+1, n+1, l.variant+1, l.quantity, money(l.cents))
			}
		}
	})
}

func (m *maker) makePayments() error {
	return m.into("payments", "id, order_id, method, status, amount, currency, captured_at, response", func(insert func(...any)) {
		for i, o := range m.orders {
			if o.status == "pending" {
				continue
			}
			method := weighted(m, []choice[string]{{"card", 50}, {"paypal", 25}, {"invoice", 15}, {"transfer", 8}, {"gift card", 2}})
			amount := fmt.Sprintf("%d.%02d", o.total/100, o.total%100)
			if m.chance(4) { // a first try that failed
				insert(m.fake.UUID(), i+1, method, "failed", amount, "EUR", nil, `{"error":"card_declined","retry":true}`)
			}
			status, captured := "captured", any(o.placed.Add(time.Duration(m.between(5, 900))*time.Second).Unix())
			switch o.status {
			case "returned":
				status = "refunded"
			case "cancelled":
				status, captured = "open", nil
			}
			insert(m.fake.UUID(), i+1, method, status, amount, "EUR", captured,
				m.maybe(70, fmt.Sprintf(`{"provider":%q,"reference":"ch_%x","risk":%d}`, method, m.bytes(8), m.rnd.IntN(100))))
		}
	})
}

func (m *maker) makeReviews() error {
	columns := "id, product_id, customer_id, rating, title, body, approved, helpful, written_at"
	return m.into("reviews", columns, func(insert func(...any)) {
		seen := map[[2]int]bool{}
		for id := 1; id <= reviewRows; id++ {
			pair := [2]int{m.between(1, productRows), m.between(1, customerRows)}
			if id <= len(awkwardReviews) {
				pair[0] = id
			}
			for seen[pair] {
				pair[1] = pair[1]%customerRows + 1
			}
			seen[pair] = true
			rating := weighted(m, []choice[int]{{1, 6}, {2, 8}, {3, 16}, {4, 30}, {5, 40}})
			title, body := m.maybe(85, pick(m, reviewTitles[rating-1])), pick(m, reviewBodies[rating-1])
			if m.chance(30) {
				body += " " + pick(m, reviewBodies[rating-1])
			}
			if id <= len(awkwardReviews) {
				title, body = awkwardReviews[id-1][0], awkwardReviews[id-1][1]
			}
			since := m.customers[pair[1]-1].created
			written := since.Add(time.Duration(m.rnd.Int64N(anchor.Unix()-since.Unix()+1)) * time.Second)
			insert(id, pair[0], m.maybe(96, pair[1]), rating, title, body, m.maybe(90, m.chance(95)), m.rnd.IntN(40), written.Format(dateTimeLayout))
		}
	})
}

func (m *maker) makeExchangeRates() error {
	return m.into("exchange_rates", "day, currency, rate", func(insert func(...any)) {
		rates := []int{1085400, 859300, 944700} // millionths for one euro
		for day := rateDays; day > 0; day-- {
			for i, currency := range []string{"USD", "GBP", "CHF"} {
				rates[i] += m.between(-4000, 4000)
				insert(anchor.AddDate(0, 0, -day).Format(dateLayout), currency, float64(rates[i])/1e6)
			}
		}
	})
}

func (m *maker) makeEvents() error {
	return m.into("events", "id, at_unix, kind, customer_id, ip, user_agent, payload, checksum", func(insert func(...any)) {
		moments := make([]int64, eventRows)
		for i := range moments {
			moments[i] = m.before(120).Unix()
		}
		slices.Sort(moments)
		for i, at := range moments {
			kind := weighted(m, []choice[string]{{"page viewed", 50}, {"cart changed", 20}, {"signed in", 15}, {"sign-in failed", 5}, {"order placed", 10}})
			payload := fmt.Sprintf(`{"path":"/p/%d","ms":%d}`, m.between(1, productRows), m.between(8, 900))
			sum := sha256.Sum256([]byte(payload))
			insert(i+1, at, kind, m.maybe(70, m.between(1, customerRows)), m.fake.IPv4Address(), m.maybe(90, m.fake.UserAgent()), m.maybe(80, payload), sum[:8])
		}
	})
}
