// The vector register: takes the scratchpad's answer in the cycle after the request and fills the lanes outside of the
// input with the pad value. vector_o is seen from the next cycle on.
module zahl_array_pad
  import zahl_pkg::*;
  import zahl_array_pkg::*;
(
  input  logic                     clk_i,
  input  logic                     valid_i,
  input  array_lanes_t             lanes_i,
  input  logic [VectorBytes*8-1:0] data_i,
  output logic [VectorBytes*8-1:0] vector_o
);
  logic [VectorBytes*8-1:0] padded;
  always_comb begin
    padded = data_i;
    if (valid_i && !lanes_i.full) begin
      for (int unsigned l = 0; l < VectorBytes; l++) begin
        if (!lanes_i.any || 7'(l) < lanes_i.first || 7'(l) > lanes_i.last) padded[l*8+:8] = lanes_i.pad_value;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) vector_o <= padded;
  end
endmodule
