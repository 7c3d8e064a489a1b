# Writes the files beside it with pyarrow: pages of both versions in every encoding that it has, for columns with and
# without missing values.
import os
import pyarrow as pa
import pyarrow.parquet as pq

here = os.path.dirname(os.path.abspath(__file__))
rows = 120
table = pa.table(
    {
        "count": pa.array(range(rows), pa.int32()),
        "big": pa.array([None if i % 7 == 3 else i * i - 900 for i in range(rows)], pa.int64()),
        "weight": pa.array([None if i % 50 == 7 else i / 4 for i in range(rows)], pa.float64()),
        "small": pa.array([i / 8 for i in range(rows)], pa.float32()),
        "colour": pa.array([None if i % 40 == 3 else ["red", "green", "blue"][i % 3] for i in range(rows)]),
        "name": pa.array([f"name {i // 10:03}-{i % 10}" for i in range(rows)]),
        "ripe": pa.array([None if i % 90 == 5 else i % 2 == 0 for i in range(rows)], pa.bool_()),
        "none": pa.array([None] * rows, pa.float64()),
    },
    schema=pa.schema(
        [
            pa.field("count", pa.int32(), nullable=False),
            pa.field("big", pa.int64()),
            pa.field("weight", pa.float64()),
            pa.field("small", pa.float32(), nullable=False),
            pa.field("colour", pa.string()),
            pa.field("name", pa.string()),
            pa.field("ripe", pa.bool_()),
            pa.field("none", pa.float64()),
        ]
    ),
)


def write(name, **options):
    pq.write_table(table, os.path.join(here, name + ".parquet"), row_group_size=80, store_schema=False, write_statistics=False, **options)


for version in ("1.0", "2.0"):
    v = "v" + version[0]
    write(v + "-dictionary-snappy", data_page_version=version, compression="snappy", write_page_checksum=True)
    write(v + "-plain", data_page_version=version, compression="none", use_dictionary=False, data_page_size=256)
    write(
        v + "-delta",
        data_page_version=version,
        compression="none",
        use_dictionary=False,
        column_encoding={
            "count": "DELTA_BINARY_PACKED",
            "big": "DELTA_BINARY_PACKED",
            "weight": "BYTE_STREAM_SPLIT",
            "small": "BYTE_STREAM_SPLIT",
            "colour": "DELTA_LENGTH_BYTE_ARRAY",
            "name": "DELTA_BYTE_ARRAY",
            "ripe": "RLE",
            "none": "PLAIN",
        },
    )
