BEGIN TRANSACTION;
CREATE TABLE annotation (
	dataset INTEGER NOT NULL, 
	annotator VARCHAR(200) NOT NULL, 
	item VARCHAR(200) NOT NULL, 
	id VARCHAR(200) NOT NULL, 
	place BIGINT NOT NULL, 
	label VARCHAR(200), 
	body TEXT NOT NULL, 
	PRIMARY KEY (dataset, annotator, item, id)
)
 WITHOUT ROWID

;
INSERT INTO "annotation" VALUES(1,'ada','item\\one','c1',1,'good','{"kind":"choice","label":"good","id":"c1","field":"mood","score":0.5,"source":"model"}');
INSERT INTO "annotation" VALUES(1,'ada','item\\one','s1',0,'PERSON','{"kind":"span","start":0,"end":5,"label":"PERSON","id":"s1","field":"spans"}');
INSERT INTO "annotation" VALUES(1,'ada','item\\one','t1',2,NULL,'\{"kind":"text","text":"a\\u0000b \\ud800 😀","id":"t1","field":"note"}');
CREATE TABLE bookmark (
	dataset INTEGER NOT NULL, 
	annotator VARCHAR(200) NOT NULL, 
	item TEXT NOT NULL, 
	position BIGINT NOT NULL, 
	PRIMARY KEY (dataset, annotator)
)
 WITHOUT ROWID

;
INSERT INTO "bookmark" VALUES(1,'ada','item\\one',3);
CREATE TABLE dataset (
	id INTEGER NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	last_seq BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
INSERT INTO "dataset" VALUES(1,'reviews',3);
CREATE TABLE event (
	dataset INTEGER NOT NULL, 
	seq BIGINT NOT NULL, 
	id VARCHAR(200) NOT NULL, 
	item VARCHAR(200) NOT NULL, 
	annotator VARCHAR(200) NOT NULL, 
	action VARCHAR(200) NOT NULL, 
	at DOUBLE NOT NULL, 
	body TEXT NOT NULL, 
	inverse TEXT NOT NULL, 
	PRIMARY KEY (dataset, seq)
);
INSERT INTO "event" VALUES(1,1,'e1','item\\one','ada','edit',1700000000.0,'{"id":"e1","item":"item\\one","annotator":"ada","action":"edit","patch":{"put":[{"kind":"span","start":0,"end":5,"label":"PERSON","id":"s1","field":"spans"},{"kind":"choice","label":"good","id":"c1","field":"mood","score":0.5,"source":"model"}]},"seconds":2.5,"at":1700000000.0}','{"drop":["s1","c1"],"status":"pending"}');
INSERT INTO "event" VALUES(1,2,'e2','item\\one','ada','submit',1700000001.0,'\{"id":"e2","item":"item\\\\one","annotator":"ada","action":"submit","patch":{"put":[{"kind":"text","text":"a\\u0000b \\ud800 😀","id":"t1","field":"note"}],"status":"submitted","comment":"why\\u0000"},"at":1700000001.0}','{"drop":["t1"],"status":"draft","comment":""}');
INSERT INTO "event" VALUES(1,3,'e3','\he7cc005ef5e8948a1e688a52563170d88e7c22c5','\h13d3f40af10d45093067e42c43438e8aac6d234b','flag',1700000002.0,'{"id":"e3","item":"longlonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglong","annotator":"bobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbob","action":"flag","patch":{"flagged":true},"at":1700000002.0}','{"flagged":false}');
CREATE TABLE long_name (
	name VARCHAR(200) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "long_name" VALUES('\h13d3f40af10d45093067e42c43438e8aac6d234b','bobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbobbob');
INSERT INTO "long_name" VALUES('\he7cc005ef5e8948a1e688a52563170d88e7c22c5','longlonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglong');
CREATE TABLE meta (
	name VARCHAR(200) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('application','nblabel');
INSERT INTO "meta" VALUES('id','5f0c7c1e9d3b4a6f8e2d1c0b9a887766');
INSERT INTO "meta" VALUES('version','1');
CREATE TABLE response (
	dataset INTEGER NOT NULL, 
	annotator VARCHAR(200) NOT NULL, 
	item VARCHAR(200) NOT NULL, 
	seq BIGINT NOT NULL, 
	next_place BIGINT NOT NULL, 
	status VARCHAR(200) NOT NULL, 
	flagged BOOLEAN NOT NULL, 
	comment TEXT NOT NULL, 
	seconds DOUBLE NOT NULL, 
	created_at DOUBLE NOT NULL, 
	updated_at DOUBLE NOT NULL, 
	schema_version INTEGER NOT NULL, 
	fields TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	position BIGINT NOT NULL, 
	content TEXT NOT NULL, 
	PRIMARY KEY (dataset, annotator, item)
);
INSERT INTO "response" VALUES(1,'ada','item\\one',2,3,'submitted',0,'why\u0000',2.5,1700000000.0,1700000001.0,1,'["spans","mood","note"]','one',3,'hash');
INSERT INTO "response" VALUES(1,'\h13d3f40af10d45093067e42c43438e8aac6d234b','\he7cc005ef5e8948a1e688a52563170d88e7c22c5',3,0,'pending',1,'',0.0,1700000002.0,1700000002.0,1,'[]','',-1,'');
CREATE TABLE schema (
	dataset INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	digest VARCHAR(200) NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (dataset, version)
)
 WITHOUT ROWID

;
INSERT INTO "schema" VALUES(1,1,'7f2b57984ae6035ee3c4f702344c95dc0f7ac514','{"fields":[{"kind":"spans","labels":[{"name":"PERSON","color":"#009E73","hotkey":"1"},{"name":"ORG","color":"#0072B2","hotkey":"2"}],"name":"spans"},{"kind":"choices","labels":[{"name":"good","color":"#E69F00","hotkey":"3"},{"name":"bad","color":"#F0E442","hotkey":"4"}],"name":"mood","max":1},{"kind":"texts","name":"note"}]}');
CREATE INDEX event_by_annotator ON event (dataset, annotator, seq);
CREATE UNIQUE INDEX event_by_id ON event (dataset, id, annotator, item);
CREATE INDEX event_by_item ON event (dataset, item, annotator, seq);
CREATE INDEX response_by_item ON response (dataset, item);
CREATE INDEX annotation_by_label ON annotation (dataset, annotator, label, item);
COMMIT;
