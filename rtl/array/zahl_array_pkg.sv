// What passes between the cells of the array. A conv is seen as a depthwise of one tap and one
// step, so that one set of counters serves both.
package zahl_array_pkg;
  import zahl_pkg::*;

  // Lines of a weight tile.
  localparam int unsigned TileLines = Rows * Columns / LineBytes;
  localparam int unsigned TileLineBits = TileLines > 1 ? $clog2(TileLines) : 1;

  // A weight tile is made of quads: four lanes of a column, at consecutive bytes. Quads of one
  // column in one line:
  localparam int unsigned ColumnQuads = LineBytes > 4 * Columns ? LineBytes / (4 * Columns) : 1;
  localparam int unsigned WeightBits = 9;
  localparam int unsigned QuadBits = 4 * WeightBits;

  // Bytes of a vector: Rows of them in a conv, Columns in a depthwise.
  localparam int unsigned VectorBytes = Rows > Columns ? Rows : Columns;

  // A place in the line memory, a pixel. The even places are one memory, the odd ones another. The
  // top bit of a place stays set once it has left what an instruction can name.
  localparam int unsigned PlaceBits = $clog2(LineBufferPixels);
  typedef logic [$bits(depthwise_line_base_t):0] place_t;

  // Addresses and positions are wide enough never to wrap; what lies past the scratchpad is cut off
  // at the request.
  localparam int unsigned AddressBits = 40;
  typedef logic signed [AddressBits-1:0] address_t;
  localparam int unsigned PositionBits = 36;
  typedef logic signed [PositionBits-1:0] position_t;
  typedef logic signed [16:0] input_row_t;

  // Index of an accumulator vector; bit 13 stays set once the index has left what a request can
  // name.
  typedef logic [13:0] accumulator_index_t;

  // An instruction as a sequence of tiles. Counts are stored minus 1. Source and input_x are one
  // pixel further to the left where the first vector is half a pair.
  typedef struct packed {
    logic signed [$bits(conv_source_t):0] source;
    logic signed [$bits(conv_input_x_t):0] input_x;
    conv_input_y_t input_y;
    conv_chunks_t chunks;
    conv_kernel_columns_t kernel_columns;
    conv_kernel_column_step_t kernel_column_step;
    conv_kernel_rows_t kernel_rows;
    logic [$bits(depthwise_row_step_t)+1:0] kernel_row_step;  // of up to three rows
    conv_kernel_y_step_t kernel_y_step;
    conv_blocks_t blocks;
    logic [6:0] block_step;  // Columns
    conv_accumulator_t accumulator;
    conv_accumulate_t accumulate;
    conv_weights_t weights;
    conv_weight_zero_t weight_zero;
    depthwise_line_base_t line_base;
    depthwise_line_step_t line_step;
  } array_tiles_t;

  // What all tiles of an instruction have in common while they stream. Counts and steps are stored
  // minus 1 but for the byte steps and input_y_step. Where `second` is set, each vector makes two
  // accesses: a conv takes the lanes from `split` on from the second one, a depthwise takes in a
  // pair of pixels (split is then 0). second_step and second_x lead from lane 0 of the first access
  // to lane 0 of the second, though that takes no lane before `split`.
  typedef struct packed {
    logic depthwise;
    logic maximum;
    logic second;
    logic half;  // the first vector of a row has no first pixel
    logic [1:0] identity;
    common_read_banks_t banks;
    common_accumulator_banks_t accumulator_banks;
    conv_pad_value_t pad_value;
    conv_input_row_limit_t row_limit;
    conv_input_y_limit_t y_limit;
    logic [$bits(conv_pixel_step_t):0] vector_step;
    conv_row_step_t row_step;
    conv_y_step_t input_y_step;
    conv_split_t split;
    logic signed [$bits(conv_second_step_t):0] second_step;
    logic signed [$bits(conv_second_x_t):0] second_x;
    conv_second_y_t second_y;
    depthwise_tap_columns_t tap_columns;
    depthwise_tap_rows_t tap_rows;
    depthwise_tap_columns_t x_wait;  // vectors of a row before its first result
    depthwise_y_step_t y_wait;       // rows of a tile before its first result
    depthwise_x_step_t x_step;
    depthwise_y_step_t y_step;
    conv_out_columns_t out_columns;
    conv_out_rows_t out_rows;
  } array_stream_t;

  // Where a tile begins.
  typedef struct packed {
    address_t address;
    position_t x;
    input_row_t y;
    conv_accumulator_t accumulator;
    place_t place;
    logic first;           // of its instruction
    logic first_of_block;  // of those that share accumulators
    logic last;            // of its instruction
    logic overwrite;       // its accumulators hold nothing yet
  } array_tile_t;

  // A vector on its way through the pipeline.
  typedef struct packed {
    logic valid;
    logic result;  // makes a result, at accumulator `index`
    logic overwrite;
    logic maximum;
    logic depthwise;
    logic second;
    logic lines;  // passes the line memory, at `place`
    logic first;  // of its tile
    logic last;   // of its instruction
    logic [1:0] identity;
    logic [12:0] index;
    common_accumulator_banks_t banks;
    logic [PlaceBits-1:0] place;
  } array_step_t;

  // Which of the lanes of an access lie in the input: none, `first` to `last`, or all.
  typedef struct packed {
    logic full;
    logic any;
    logic [6:0] first;
    logic [6:0] last;
  } array_lanes_t;

endpackage
