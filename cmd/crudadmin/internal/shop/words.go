package shop

// This file holds the shop's words: places, the catalogue's tree and nouns, and phrases of reviews.

type place struct {
	city, country, postcode string
	latitude, longitude     int // millionths of a degree
}

var places = []place{
	{"Berlin", "DE", "1####", 52520000, 13405000}, {"München", "DE", "80###", 48137000, 11575000}, {"Hamburg", "DE", "20###", 53551000, 9993000},
	{"Wien", "AT", "1##0", 48208000, 16373000}, {"Zürich", "CH", "80##", 47376000, 8541000}, {"Paris", "FR", "750##", 48856000, 2352000},
	{"Lyon", "FR", "690##", 45764000, 4835000}, {"London", "GB", "SW# #??", 51507000, -127000}, {"Edinburgh", "GB", "EH# #??", 55953000, -3188000},
	{"Dublin", "IE", "D## ??##", 53349000, -6260000}, {"Amsterdam", "NL", "10## ??", 52367000, 4904000}, {"Bruxelles", "BE", "1##0", 50850000, 4351000},
	{"København", "DK", "2###", 55676000, 12568000}, {"Malmö", "SE", "21# ##", 55604000, 13003000}, {"Oslo", "NO", "0###", 59913000, 10752000},
	{"Kraków", "PL", "30-###", 50064000, 19944000}, {"Praha", "CZ", "1## 00", 50075000, 14437000}, {"Barcelona", "ES", "080##", 41385000, 2173000},
	{"L'Aquila", "IT", "67###", 42349000, 13399000}, {"Lisboa", "PT", "1###-###", 38722000, -9139000}, {"Αθήνα", "GR", "10# ##", 37983000, 23727000},
	{"Portland", "US", "972##", 45515000, -122678000}, {"Montréal", "CA", "H#? #?#", 45501000, -73567000}, {"東京", "JP", "1##-00##", 35689000, 139691000},
	{"Auckland", "NZ", "10##", -36848000, 174763000},
}

var mailHosts = []string{"example.com", "example.org", "example.net", "mail.example"}

var customerNotes = []string{
	"Prefers delivery before noon.",
	"Called about a late parcel; sent a voucher.",
	"Wholesale terms agreed: 30 days net.",
	"Ask for the apprentice's entrance.\nRing twice; the dog is friendly.",
	"",
}

type department struct {
	name   string
	leaves []leaf
}

type leaf struct {
	name      string
	nouns     []string
	low, high int // price in whole euros
}

var departments = []department{
	{"Camping", []leaf{
		{"Tents", []string{"Two-Person Tent", "Tunnel Tent", "Bivy", "Tarp"}, 60, 640},
		{"Sleeping bags", []string{"Down Sleeping Bag", "Summer Quilt", "Bag Liner"}, 30, 420},
		{"Mats", []string{"Air Mat", "Foam Mat", "Insulated Mat"}, 20, 190},
		{"Camp kitchen", []string{"Gas Stove", "Pot Set", "Titanium Mug", "Spork"}, 5, 160},
		{"Lights", []string{"Headlamp", "Lantern", "Bike Light"}, 15, 120},
	}},
	{"Hiking", []leaf{
		{"Backpacks", []string{"Daypack 24", "Trekking Pack 55", "Hip Pack", "Roll-Top Pack"}, 35, 320},
		{"Boots", []string{"Hiking Boot", "Approach Shoe", "Trail Runner"}, 80, 290},
		{"Poles", []string{"Folding Poles", "Trekking Poles"}, 40, 170},
		{"Navigation", []string{"Compass", "Map Case", "Altimeter Watch"}, 12, 380},
		{"Bottles", []string{"Steel Bottle", "Water Filter", "Soft Flask"}, 9, 70},
	}},
	{"Clothing", []leaf{
		{"Jackets", []string{"Rain Jacket", "Down Jacket", "Wind Shell", "Fleece"}, 60, 480},
		{"Trousers", []string{"Trekking Trousers", "Shorts", "Rain Trousers"}, 40, 220},
		{"Base layers", []string{"Merino Shirt", "Merino Leggings", "Sports Top"}, 30, 120},
		{"Socks", []string{"Hiking Socks", "Liner Socks"}, 8, 32},
		{"Hats and gloves", []string{"Beanie", "Sun Hat", "Mittens", "Liner Gloves"}, 12, 90},
	}},
	{"Climbing", []leaf{
		{"Ropes", []string{"Single Rope 60 m", "Half Rope", "Cord 6 mm"}, 15, 280},
		{"Harnesses", []string{"Sport Harness", "Alpine Harness"}, 45, 150},
		{"Hardware", []string{"Screwgate Carabiner", "Quickdraw Set", "Belay Device"}, 8, 140},
		{"Helmets", []string{"Climbing Helmet", "Ski Touring Helmet"}, 45, 160},
	}},
	{"Cycling", []leaf{
		{"Bags", []string{"Pannier Pair", "Frame Bag", "Handlebar Bag"}, 30, 190},
		{"Tools", []string{"Multitool", "Track Pump", "Chain Tool"}, 10, 90},
		{"Bike helmets", []string{"Road Helmet", "Trail Helmet"}, 45, 240},
	}},
	{"Home", []leaf{
		{"Blankets", []string{"Wool Blanket", "Picnic Blanket"}, 35, 180},
		{"Kitchen", []string{"Cast Iron Pan", "Chef's Knife", "Enamel Bowl", "Coffee Grinder"}, 12, 260},
		{"Candles", []string{"Beeswax Candle", "Tealight Set"}, 4, 38},
		{"Books", []string{"Field Guide", "Trail Atlas", "Recipe Book"}, 9, 60},
		{"Hammocks", []string{"Hammock", "Hammock Chair"}, 40, 210},
	}},
	{"Water", []leaf{
		{"Paddling", []string{"Packraft", "Paddle", "Life Vest"}, 50, 1290},
		{"Dry bags", []string{"Dry Bag 13 l", "Dry Pouch", "Duffel 60"}, 12, 160},
	}},
}

var series = []string{
	"Alder", "Amrum", "Aspen", "Birch", "Bodø", "Brenner", "Cairn", "Cedar", "Dalarna", "Dolina", "Eider", "Elm", "Etna", "Fjell", "Föhr", "Gannet", "Glen",
	"Hazel", "Heron", "Inari", "Isar", "Juniper", "Kestrel", "Kolibri", "Larch", "Lofoten", "Maple", "Merlin", "Narvik", "Oak", "Olympus", "Osprey", "Piz",
	"Quill", "Rowan", "Rügen", "Saimaa", "Skye", "Sorrel", "Tarn", "Teide", "Umeå", "Vesuv", "Wren", "Yarrow", "Zephyr",
}

var (
	materials = []string{"recycled nylon", "organic cotton", "merino wool", "stainless steel", "aluminium", "ripstop polyester", "waxed canvas", "titanium", "beech wood"}
	colors    = []string{"black", "moss", "slate", "rust", "ochre", "navy", "sand", "berry", "natural"}
	sizes     = []string{"XS", "S", "M", "L", "XL"}
	openings  = []string{
		"Made for long days out and short nights in.", "The one you pack first.", "Quietly good at its job.", "A second edition: lighter, and easier to mend.",
		"Built with the people who repair it.", "For weather that has not read the forecast.",
	}
	claims = []string{
		"Seams are taped by hand and tested under a 10,000 mm column of water.", "Every part can be replaced with one tool.", "It packs to the size of a loaf of bread.",
		"The fabric is bluesign® approved and free of PFAS.", "Tested for three seasons between −12 °C and +35 °C.", "The zips run with cold fingers and gloves.",
		"Weighs less than the map it comes with.", "Comes with a repair kit and ten years of spare parts.", "Reflective trim at the points that move.",
	}
	careLines = []string{"Wash at 30 °C, no softener.", "Wipe clean; dry in the shade.", "Do not tumble dry.", "Oil once a season.", "Air well after use."}
)

// reviewTitles and reviewBodies are by stars, worst first.
var (
	reviewTitles = [5][]string{
		{"Broke on day one", "Sent it back", "Disappointed"}, {"Not for me", "Expected more"}, {"Does the job", "It's OK", "Mixed feelings"},
		{"Very good", "Nearly perfect", "Solid"}, {"Love it!", "Best I've had", "Would buy again", "Perfect ❤️"},
	}
	reviewBodies = [5][]string{
		{"The zip failed on the first evening and nobody answered the phone.", "Arrived scratched, and a part was missing.", "It leaks. Not a little: it leaks."},
		{"Heavier than stated, and the colour is not that of the picture.", "Runs two sizes small.", "Fine for the garden, not for the hills."},
		{"Does what it says, no more.", "Good price, average finish.", "Delivery was slow; the thing itself is all right."},
		{"Used it for two weeks in the rain without a complaint.", "Well made. The strap could be longer.", "My partner took it over after a day, so I ordered another."},
		{"Fourth season and still like new.", "Light, warm, quiet. Exactly what I was looking for.", "I've recommended it to everybody in the club.", "Repaired for free after five years. That's how it should be."},
	}
)

// awkwardReviews are the first reviews of products 1, 2, 3, …: harmless, and a test of every page
// that shows them.
var awkwardReviews = [][2]string{
	{"Nice try", "<script>alert(1)</script>"},
	{"Markup", `<img src=x onerror="alert('review')"> & <b>bold</b> "quotes" 'apostrophes'`},
	{"ممتاز جداً", "خيمة رائعة، صمدت أمام الريح والمطر طوال الليل. أنصح بها!"},
	{"מצוין", "שק שינה חם וקל. שילמתי 250 ₪ ושווה כל שקל."},
	{"🏔️🔥💯", "👍🏽👍🏽👍🏽 zero‑width\u200bspace, combining e\u0301, family 👨‍👩‍👧"},
	{"", "An empty title is not the same as none."},
	{"Template?", "{{ .Secret }} ${7*7} %s %d <%= 1 %>"},
	{"Lines", "First line\nsecond line\r\n\tindented third line\n\n\nafter two blank ones"},
	{"SQL", "'; DELETE FROM reviews; -- "},
	{"Spreadsheet", "=HYPERLINK(\"http://example.com\",\"click\")"},
}
