-- The demo's shop: an outdoor and home store with every column type and relation that a panel meets.

CREATE TABLE settings (
    key        TEXT PRIMARY KEY,
    value      TEXT NOT NULL CHECK (json_valid(value)),
    updated_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE employees (
    id            INTEGER PRIMARY KEY,
    manager_id    INTEGER REFERENCES employees (id) ON DELETE SET NULL,
    email         TEXT NOT NULL UNIQUE COLLATE NOCASE,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL DEFAULT 'clerk' CHECK (role IN ('clerk', 'buyer', 'packer', 'manager', 'director')),
    password_hash TEXT NOT NULL,
    api_token     TEXT UNIQUE,
    salary        DECIMAL(10, 2) CHECK (salary IS NULL OR salary BETWEEN 0 AND 1000000),
    hired_on      DATE NOT NULL,
    left_on       DATE,
    shift_starts  TIME NOT NULL DEFAULT '09:00:00',
    is_active     BOOLEAN NOT NULL GENERATED ALWAYS AS (left_on IS NULL) VIRTUAL
);
CREATE INDEX employees_manager ON employees (manager_id);

CREATE TABLE customers (
    id             INTEGER PRIMARY KEY,
    uuid           UUID NOT NULL UNIQUE,
    first_name     VARCHAR(80) NOT NULL,
    last_name      VARCHAR(80) NOT NULL,
    full_name      TEXT GENERATED ALWAYS AS (first_name || ' ' || last_name) VIRTUAL,
    email          VARCHAR(200) NOT NULL UNIQUE COLLATE NOCASE,
    phone          VARCHAR(30),
    birth_date     DATE,
    company        TEXT,
    newsletter     BOOLEAN,
    blocked        BOOLEAN NOT NULL DEFAULT 0,
    credit_limit   DECIMAL(10, 2) NOT NULL DEFAULT 0,
    loyalty_points INTEGER NOT NULL DEFAULT 0 CHECK (loyalty_points >= 0),
    preferences    JSON NOT NULL DEFAULT '{}' CHECK (json_valid(preferences)),
    notes          TEXT,
    created_at     DATETIME NOT NULL,
    last_seen_unix INTEGER
);
CREATE INDEX customers_name ON customers (last_name, first_name);
CREATE INDEX customers_created ON customers (created_at);

CREATE TABLE addresses (
    id          INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    label       TEXT NOT NULL DEFAULT 'home' CHECK (label IN ('home', 'work', 'pickup', 'other')),
    recipient   TEXT NOT NULL,
    line1       TEXT NOT NULL,
    line2       TEXT,
    postcode    VARCHAR(12) NOT NULL,
    city        TEXT NOT NULL,
    country     CHAR(2) NOT NULL CHECK (length(country) = 2),
    latitude    REAL CHECK (latitude BETWEEN -90 AND 90),
    longitude   REAL CHECK (longitude BETWEEN -180 AND 180),
    is_default  BOOLEAN NOT NULL DEFAULT 0
);
CREATE INDEX addresses_customer ON addresses (customer_id);
CREATE INDEX addresses_place ON addresses (country, city);

CREATE TABLE categories (
    id        INTEGER PRIMARY KEY,
    parent_id INTEGER REFERENCES categories (id) ON DELETE RESTRICT,
    slug      TEXT NOT NULL UNIQUE,
    name      TEXT NOT NULL,
    position  SMALLINT NOT NULL DEFAULT 0
);
CREATE INDEX categories_parent ON categories (parent_id, position);

CREATE TABLE suppliers (
    id        INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE,
    email     TEXT,
    website   TEXT,
    country   CHAR(2) NOT NULL,
    rating    REAL CHECK (rating BETWEEN 0 AND 5),
    lead_days INTEGER NOT NULL DEFAULT 14 CHECK (lead_days BETWEEN 1 AND 180),
    contract  BLOB
);

CREATE TABLE products (
    id              INTEGER PRIMARY KEY,
    supplier_id     INTEGER REFERENCES suppliers (id) ON DELETE SET NULL,
    sku             VARCHAR(20) NOT NULL UNIQUE,
    slug            TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL,
    description     LONGTEXT NOT NULL DEFAULT '',
    status          TEXT NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'active', 'sold out', 'discontinued')),
    price           DECIMAL(10, 2) NOT NULL CHECK (price >= 0),
    cost            DECIMAL(10, 2) CHECK (cost >= 0),
    margin          DECIMAL(10, 2) GENERATED ALWAYS AS (round(price - cost, 2)) VIRTUAL,
    vat_rate        REAL NOT NULL DEFAULT 0.19 CHECK (vat_rate BETWEEN 0 AND 0.3),
    weight_grams    INTEGER CHECK (weight_grams > 0),
    attributes      JSON,
    featured        BOOLEAN NOT NULL DEFAULT 0,
    released_on     DATE,
    discontinued_at DATETIME,
    updated_at      DATETIME NOT NULL
);
CREATE INDEX products_name ON products (name);
CREATE INDEX products_price ON products (price);
CREATE INDEX products_supplier ON products (supplier_id);
CREATE INDEX products_status ON products (status, released_on);

CREATE TABLE product_categories (
    product_id  INTEGER NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    category_id INTEGER NOT NULL REFERENCES categories (id) ON DELETE CASCADE,
    PRIMARY KEY (product_id, category_id)
) WITHOUT ROWID;
CREATE INDEX product_categories_category ON product_categories (category_id);

CREATE TABLE product_images (
    id         INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL DEFAULT 1,
    alt_text   TEXT,
    thumbnail  BLOB NOT NULL,
    bytes      INTEGER GENERATED ALWAYS AS (length(thumbnail)) STORED,
    UNIQUE (product_id, position)
);

CREATE TABLE variants (
    id          INTEGER PRIMARY KEY,
    product_id  INTEGER NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    sku         VARCHAR(24) NOT NULL UNIQUE,
    color       TEXT NOT NULL,
    size        TEXT CHECK (size IN ('XS', 'S', 'M', 'L', 'XL', 'one size')),
    barcode     BIGINT UNIQUE,
    extra_price DECIMAL(10, 2) NOT NULL DEFAULT 0,
    UNIQUE (product_id, color, size)
);

CREATE TABLE warehouses (
    code      CHAR(3) PRIMARY KEY,
    name      TEXT NOT NULL,
    city      TEXT NOT NULL,
    opens_at  TIME NOT NULL,
    closes_at TIME NOT NULL,
    time_zone TEXT NOT NULL DEFAULT 'UTC',
    manager_id INTEGER REFERENCES employees (id) ON DELETE SET NULL
);

CREATE TABLE stock (
    warehouse_code CHAR(3) NOT NULL REFERENCES warehouses (code) ON UPDATE CASCADE,
    variant_id     INTEGER NOT NULL REFERENCES variants (id) ON DELETE CASCADE,
    quantity       INTEGER NOT NULL DEFAULT 0 CHECK (quantity >= 0),
    reorder_below  INTEGER NOT NULL DEFAULT 5,
    shelf          TEXT,
    counted_at     DATETIME,
    PRIMARY KEY (warehouse_code, variant_id)
) WITHOUT ROWID;
CREATE INDEX stock_variant ON stock (variant_id);

CREATE TABLE coupons (
    code        TEXT PRIMARY KEY COLLATE NOCASE,
    kind        TEXT NOT NULL CHECK (kind IN ('percent', 'amount', 'free shipping')),
    value       NUMERIC NOT NULL DEFAULT 0 CHECK (value BETWEEN 0 AND 100),
    valid_from  DATE NOT NULL,
    valid_until DATE,
    used        INTEGER NOT NULL DEFAULT 0,
    CHECK (valid_until IS NULL OR valid_until >= valid_from)
);

CREATE TABLE orders (
    id                  INTEGER PRIMARY KEY,
    number              TEXT NOT NULL UNIQUE,
    customer_id         INTEGER NOT NULL REFERENCES customers (id) ON DELETE RESTRICT,
    billing_address_id  INTEGER NOT NULL REFERENCES addresses (id),
    shipping_address_id INTEGER NOT NULL REFERENCES addresses (id),
    coupon_code         TEXT REFERENCES coupons (code) ON UPDATE CASCADE,
    handled_by          INTEGER REFERENCES employees (id) ON DELETE SET NULL,
    status              TEXT NOT NULL DEFAULT 'pending'
                        CHECK (status IN ('pending', 'paid', 'packed', 'shipped', 'delivered', 'returned', 'cancelled')),
    subtotal            DECIMAL(10, 2) NOT NULL,
    shipping_cost       DECIMAL(10, 2) NOT NULL DEFAULT 0,
    discount            DECIMAL(10, 2) NOT NULL DEFAULT 0,
    total               DECIMAL(10, 2) GENERATED ALWAYS AS (round(subtotal + shipping_cost - discount, 2)) STORED,
    gift                BOOLEAN NOT NULL DEFAULT 0,
    gift_message        TEXT,
    placed_at           DATETIME NOT NULL,
    shipped_at          DATETIME,
    delivered_on        DATE
);
CREATE INDEX orders_placed ON orders (placed_at);
CREATE INDEX orders_customer ON orders (customer_id, placed_at);
CREATE INDEX orders_status ON orders (status, placed_at);
CREATE INDEX orders_total ON orders (total);
CREATE INDEX orders_billing ON orders (billing_address_id);
CREATE INDEX orders_shipping ON orders (shipping_address_id);
CREATE INDEX orders_handled ON orders (handled_by);
CREATE INDEX orders_coupon ON orders (coupon_code);

CREATE TABLE order_lines (
    order_id   INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    line       INTEGER NOT NULL,
    variant_id INTEGER NOT NULL REFERENCES variants (id) ON DELETE RESTRICT,
    quantity   INTEGER NOT NULL DEFAULT 1 CHECK (quantity BETWEEN 1 AND 99),
    unit_price DECIMAL(10, 2) NOT NULL,
    line_total DECIMAL(10, 2) GENERATED ALWAYS AS (round(quantity * unit_price, 2)) VIRTUAL,
    PRIMARY KEY (order_id, line)
);
CREATE INDEX order_lines_variant ON order_lines (variant_id);

CREATE TABLE payments (
    id          TEXT PRIMARY KEY CHECK (length(id) = 36),
    order_id    INTEGER NOT NULL REFERENCES orders (id) ON DELETE RESTRICT,
    method      TEXT NOT NULL CHECK (method IN ('card', 'transfer', 'paypal', 'invoice', 'gift card')),
    status      TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'captured', 'failed', 'refunded')),
    amount      TEXT NOT NULL CHECK (amount GLOB '[0-9]*.[0-9][0-9]'),
    currency    CHAR(3) NOT NULL DEFAULT 'EUR',
    captured_at INTEGER,
    response    JSON
);
CREATE INDEX payments_order ON payments (order_id);
CREATE INDEX payments_captured ON payments (captured_at);

CREATE TABLE reviews (
    id          INTEGER PRIMARY KEY,
    product_id  INTEGER NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    customer_id INTEGER REFERENCES customers (id) ON DELETE SET NULL,
    rating      TINYINT NOT NULL CHECK (rating BETWEEN 1 AND 5),
    title       TEXT,
    body        TEXT NOT NULL,
    approved    BOOLEAN,
    helpful     INTEGER NOT NULL DEFAULT 0,
    written_at  DATETIME NOT NULL,
    UNIQUE (product_id, customer_id)
);
CREATE INDEX reviews_customer ON reviews (customer_id);
CREATE INDEX reviews_written ON reviews (written_at);

CREATE TABLE exchange_rates (
    day      DATE NOT NULL,
    currency CHAR(3) NOT NULL,
    rate     REAL NOT NULL CHECK (rate > 0),
    UNIQUE (day, currency)
);

CREATE TABLE events (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at_unix     INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    customer_id INTEGER,
    ip          TEXT,
    user_agent  TEXT,
    payload     TEXT,
    checksum    BLOB NOT NULL
) STRICT;
CREATE INDEX events_at ON events (at_unix);
CREATE INDEX events_kind ON events (kind, at_unix);

CREATE VIEW monthly_revenue AS
SELECT substr(placed_at, 1, 7) AS month,
       count(*)                AS orders,
       count(DISTINCT customer_id) AS customers,
       round(sum(total), 2)    AS revenue,
       round(avg(total), 2)    AS average_order
FROM orders
WHERE status NOT IN ('pending', 'cancelled')
GROUP BY substr(placed_at, 1, 7);

CREATE VIEW low_stock AS
SELECT s.warehouse_code, s.variant_id, p.id AS product_id, p.name AS product, v.color, v.size, s.quantity, s.reorder_below
FROM stock s
JOIN variants v ON v.id = s.variant_id
JOIN products p ON p.id = v.product_id
WHERE s.quantity < s.reorder_below;
